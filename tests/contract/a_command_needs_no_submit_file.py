"""cairn run … -- PROGRAM ARG…: the same job; its stdout comes when it ends, or goes to a file."""
from clause import *

BODY = """
echo "from $step $*"
if [ $step = 0 ]; then save 1; exit 77; fi
echo done > result
"""
with World() as world:
    world.write("prog", PRELUDE + BODY, 0o755)
    command = ("run", "--checkpoint-exit-code", 77, "--checkpoint-files", "state", "--outputs", "result")
    finished = world.cairn(*command, "--", "./prog", "a b", "c")
    contains(finished.out, "from 0 a b c\nfrom 1 a b c\n")
    equal(world.read("result"), "done\n")

    finished = world.cairn(*command, "--quiet", "--output-file", "out.txt", "--", "./prog")
    equal((finished.out, finished.err), ("", ""))
    equal(world.read("out.txt"), "from 0 \nfrom 1 \n")
    finished = world.cairn("run", "--quiet", "--", "echo", "hello")
    equal(finished.out, "hello\n")
