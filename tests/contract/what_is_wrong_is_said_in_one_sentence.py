"""Usage and submit file errors: exit status 2, one line on stderr that begins with `cairn:`."""
from clause import *

with World() as world:
    world.write("bad.sub", "executable = job.sh\nqueue many of them\n")
    world.write("none.sub", "executable = job.sh\n")
    for arguments in (["run"], ["run", "absent.sub"], ["run", "bad.sub"], ["run", "none.sub"], ["walk"],
                      ["run", "bad.sub", "--evict-every", "soon"], ["run", "--", "no-such-program"], ["show"], ["show", "absent"]):
        finished = world.cairn(*arguments, status=2)
        assert finished.err.startswith("cairn: ") and finished.err.count("\n") == 1, f"{arguments}: {finished.err!r}"
    for verb in ([], ["run"], ["show"]):
        finished = world.cairn(*verb, "--help")
        contains(finished.out, "Exit status")
        contains(finished.out, "Example")

# What was printed is not whole: that is no success.  A closed pager is.
def printed_to(out):
    return subprocess.run([CAIRN, "--help"], stdout=out, stderr=subprocess.PIPE, text=True)

with open("/dev/full", "w") as full:
    finished = printed_to(full)
    equal(finished.returncode, 2)
    contains(finished.stderr, "not all could be written to standard output")
reader, writer = os.pipe()
os.close(reader)
finished = printed_to(writer)
os.close(writer)
equal((finished.returncode, finished.stderr), (0, ""))
