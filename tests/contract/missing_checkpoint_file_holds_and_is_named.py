"""HTCondor 1.5: held with code 36 subcode -1; here the message names the file.  The checkpoint before stays good."""
from clause import *

with World() as world:
    world.job("""
note "$step"
if [ $step = 0 ]; then save 1; exit 77; fi
if [ ! -e "$GATES/repaired" ]; then rm state; exit 77; fi
: > result
""")
    finished = world.run(status=1)
    code, subcode, reason = world.hold()
    equal((code, subcode), (36, -1))
    contains(reason, "state")
    contains(reason, "transfer_checkpoint_files")
    contains(finished.err, "job 1.0 is held (code 36/-1)")
    equal(world.checkpoints(), ["000000"])
    equal([number for number, _, _ in world.log()[-3:]], ["021", "004", "012"])
    contains(world.log()[-1][2], "Code 36 Subcode -1")

    # Run again: released, and goes on from the checkpoint before.
    (world.gates / "repaired").touch()
    world.run()
    equal(world.notes(), ["0", "1", "1"])
    assert any(number == "013" for number, _, _ in world.log()), "no 013 Job was released"
