"""After 20 deaths without a new checkpoint the next one holds the job, with the signal and the checkpoint in its reason."""
from clause import *

with World() as world:
    world.job("""
note "$step"
if [ $step = 0 ]; then save 1; exit 77; fi
kill -11 $$
""")
    world.run(status=1)
    equal(world.notes(), ["0"] + 21 * ["1"])
    _, _, reason = world.hold()
    contains(reason, "signal 11")
    contains(reason, "checkpoint 0")
