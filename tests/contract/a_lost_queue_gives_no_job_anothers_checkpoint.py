"""A queue that is lost starts its numbers anew: a new job never takes over an old one's spool.  Damage is named."""
from clause import *

with World() as world:
    world.job('if [ $step = 0 ]; then save 1; exit 77; fi\ngate second; : > result\n')
    process = world.start("run", "job.sub")
    world.wait_for_gate("second")
    world.wait_for_checkpoint(0)
    world.kill(process)
    database = world.home / "queue.sqlite"
    for file in world.home.glob("queue.sqlite*"):  # its log, too
        file.unlink()
    database.write_bytes(b"x" * 8192)
    contains(world.run(status=2).err, f"{database}: file is not a database; bring its jobs back with: cairn queue --rebuild")
    database.unlink()
    contains(world.run(status=2).err, f"{world.job_folder()} belongs to a job that")
    equal(world.checkpoints(), ["000000"])
