"""HTCondor 1.8: lines after the last checkpoint are lost with the work they tell of."""
from clause import *

with World() as world:
    world.job("""
echo "start from $step"
if [ $step = 0 ]; then save 1; exit 77; fi
if [ ! -e "$GATES/second" ]; then : > "$GATES/second"; echo "lost line"; kill -9 $$; fi
: > result
""")
    world.run()
    equal(world.read("job.out"), "start from 0\nstart from 1\n")
