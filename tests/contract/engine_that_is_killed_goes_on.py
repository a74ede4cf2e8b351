"""kill -9 of the engine in the middle of a job: the next one goes on from the job's checkpoint."""
from clause import *

with World() as world:
    world.job('note "$step"\n[ $step = 0 ] && { save 1; exit 77; }\n'
              '[ $step = 1 ] && gate second\n[ $step = 1 ] && { save 2; exit 77; }\necho $step > result\n')
    world.cairn("submit", "job.sub")
    world.wait_for_gate("second")
    world.wait_for_checkpoint(0)
    world.kill_engine()
    world.open_gate("second")
    contains(world.cairn("engine").out, "serves")
    world.cairn("wait", "1")
    equal(world.read("result"), "2\n")
    equal(world.notes(), ["0", "1", "1", "2"])
    contains(world.cairn("log", "1.0").out, "the engine was gone")
    wait_for(lambda: not world.job_folder().exists(), "its folder to go")

    # One that was killed between the end of a job and that of its folder; another's folder stays.
    world.kill_engine()
    world.spool().mkdir(parents=True)
    world.spool("7.0").mkdir(parents=True)
    world.cairn("engine")
    assert not world.job_folder().exists()
    assert world.job_folder("7.0").exists()
    world.cairn("engine", "--stop")
