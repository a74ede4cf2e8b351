"""Who is started with its standard streams closed, as by some daemons, runs jobs all the same."""
from clause import *


def with_all_closed(world, *arguments):
    return subprocess.run(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", CAIRN, *arguments], cwd=world.folder,
                          env=world.environment(), timeout=PATIENCE).returncode


with World() as world:
    world.job('[ $step = 0 ] && { echo first; save 1; exit 77; }\necho second\n: > result\n')
    equal(with_all_closed(world, "run", "job.sub"), 0)
    equal(world.read("job.out"), "first\nsecond\n")
    equal(with_all_closed(world, "submit", "job.sub"), 0)
    equal(with_all_closed(world, "wait", "2"), 0)
    equal(world.state("2.0"), "completed")
    world.cairn("engine", "--stop")
