"""--contract=htcondor: the text that a real pool gives."""
from clause import *

with World() as world:
    world.job("exit 77\n")
    world.run("--contract", "htcondor", status=1)
    equal(world.hold()[:2], (36, -1))
    assert re.fullmatch(r"Error from slot1@\S+: Starter failed to upload checkpoint", world.hold()[2]), world.hold()
    contains(world.log()[-1][2], "Starter failed to upload checkpoint")
