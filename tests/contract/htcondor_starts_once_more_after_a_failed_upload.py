"""live.md, 6: after the upload has failed the program is started once more, asked to leave, and the job is held."""
from clause import *

with World() as world:
    world.job("""
note "$step"
if [ $step = 0 ]; then save 1; exit 77; fi
if [ ! -e failed ]; then : > failed; rm state; exit 77; fi
trap 'note asked; exit 1' TERM
note waits
while :; do sleep 0.01; done
""", job_max_vacate_time="60")
    world.run("--contract", "htcondor", status=1)
    # The signal may come before the shell has read a line.
    assert world.notes()[:2] == ["0", "1"] and "waits" not in world.notes()[:2], world.notes()
    equal(world.hold()[:2], (36, -1))
    equal(world.checkpoints(), ["000000"])

with World() as world:  # one that does not heed it is killed
    world.job("""
trap '' TERM
note "$step"
if [ $step = 0 ]; then rm -f state; exit 77; fi
""", job_max_vacate_time="1")
    world.run("--contract", "htcondor", status=1)
    equal(world.hold()[:2], (36, -1))
