"""cairn submit: NAME=VALUE, --append, --queue and stdin mean what they mean to --dry-run, and are run."""
from clause import *

with World() as world:
    world.job('echo "$*" > result\n', arguments="$(n) $(x)", output=None, error=None, n="1",
              transfer_output_remaps='"result = result.$(Cluster).$(Process)"')
    text = (world.folder / "job.sub").read_text()
    bare = text.replace("queue\n", "").replace("n = 1\n", "")
    world.write("bare.sub", bare)
    world.write("items.txt", "c\nd\n")

    contains(world.cairn("submit", "job.sub", "--queue", "2", status=2).err, "queue")
    world.cairn("submit", "bare.sub", "n=7", "--append", "priority = 5", "-a", "batch_name = six", "--queue", "x in (a b)")
    world.cairn("submit", "-append", "n = 8", "-queue", "x", "from", "items.txt", "-file", "bare.sub")
    world.cairn("wait", "1", "2")
    equal([world.read(f"result.{job}") for job in ("1.0", "1.1", "2.0", "2.1")], ["7 a\n", "7 b\n", "8 c\n", "8 d\n"])
    equal(world.query("SELECT priority FROM jobs WHERE cluster = 1"), [(5,), (5,)])

    process = world.start("submit", "-", "n=9", "--queue", "x in (e)", stdin=bare)
    world.finish(process)
    world.cairn("wait", "3")
    equal(world.read("result.3.0"), "9 e\n")

    contains(world.cairn("submit", "bare.sub", "=3", "--queue", "1", status=2).err, '"=3" is not NAME=VALUE')
    contains(world.cairn("submit", "bare.sub", "bare.sub", status=2).err, "two submit files")
    equal(world.query("SELECT max(cluster) FROM clusters"), [(3,)])
