"""HTCondor 1.13: max_retries; evictions and checkpoints do not count; then completed with the last exit code."""
from clause import *

with World() as world:
    world.job("""
note "$step"
if [ $step = 0 ]; then save 1; exit 77; fi
: > result
exit 5
""", max_retries=2)
    world.run(status=1)
    equal(world.notes(), ["0", "1", "1", "1"])
    equal(world.state(), "completed")
    contains(world.log()[-1][2], "Normal termination (return value 5)")
