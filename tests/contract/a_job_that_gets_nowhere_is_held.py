"""HTCondor restarts a job for ever whose checkpoints never change; Cairn holds it after 200 of them."""
from clause import *

with World() as world:
    world.job('[ -e state ] || save 1; echo here; exit 77\n')
    world.run("--quiet", status=1)
    code, _, reason = world.hold()
    equal(code, 26)
    contains(reason, "200 checkpoints in a row that are the same")
