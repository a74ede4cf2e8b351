"""HTCondor 1.9: after job_max_vacate_time comes SIGKILL."""
from clause import *

with World() as world:
    world.job("""
trap '' TERM
note "$step"
if [ $step = 0 ]; then save 1; exit 77; fi
[ -e "$GATES/running.reached" ] || gate running
: > result
""", job_max_vacate_time=1)
    world.evict_at_gate("running")
    world.cairn("wait", "1")
    equal(world.notes(), ["0", "1", "1"])
    equal(world.read("job.log").count("Job was evicted."), 1)
