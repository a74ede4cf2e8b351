"""Jobs that bring a file of the same name at a time: one of them stays, whole, and none is held."""
from clause import *

with World() as world:
    world.job('head -c 3000000 /dev/zero | tr "\\0" "$1" > result\n', output=None, error=None, arguments="$(Process)")
    world.write("job.sub", world.read("job.sub").replace("queue\n", "queue 8\n"))
    world.cairn("engine", "--slots", "8")
    for cluster in range(1, 4):
        world.cairn("submit", "job.sub")
        world.cairn("wait", str(cluster))
        content = world.read("result")
        equal((len(content), len(set(content))), (3000000, 1))
    equal(sorted(p.name for p in world.folder.iterdir() if "cairn-part" in p.name), [])
