"""HTCondor 1.8: stdout and stderr go on where they were."""
from clause import *

with World() as world:
    world.job("""
echo "out from $step"; echo "err from $step" >&2
step=$((step + 1)); save $step
[ $step -lt 3 ] && exit 77
: > result
""")
    world.run()
    equal(world.read("job.out"), "out from 0\nout from 1\nout from 2\n")
    equal(world.read("job.err"), "err from 0\nerr from 1\nerr from 2\n")
