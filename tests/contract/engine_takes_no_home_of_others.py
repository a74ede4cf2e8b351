"""The home is its owner's alone: one that others could write to, or that is somebody else's, is refused."""
import stat

from clause import *

with World() as world:
    world.job(': > result\n')
    world.home.mkdir(mode=0o755)
    world.cairn("submit", "job.sub")
    equal(stat.S_IMODE(world.home.stat().st_mode), 0o700)
    wait_for(lambda: world.state() == "completed", "the job")
    world.cairn("engine", "--stop")
    world.home.chmod(0o770)
    for command in (["submit", "job.sub"], ["run", "job.sub"], ["engine"]):
        contains(world.cairn(*command, status=2).err, "can be written by others (mode 770)")
    world.home.chmod(0o700)
    if os.geteuid() == 0:
        os.chown(world.home, 12345, 12345)
        for command in (["submit", "job.sub"], ["run", "job.sub"], ["engine"]):
            contains(world.cairn(*command, status=2).err, f"belongs to user 12345, and this is user {os.geteuid()}")
        os.chown(world.home, 0, 0)
    equal(world.query("SELECT count(*) FROM clusters"), [(1,)])
