"""Issue 2, 4: death by a signal that the engine did not send."""
from clause import *

with World() as world:
    world.job("""
note "$step"
if [ $step = 0 ]; then save 1; exit 77; fi
if [ ! -e "$GATES/second" ]; then : > "$GATES/second"; kill -9 $$; fi
echo $step > result
""")
    world.run()
    equal(world.notes(), ["0", "1", "1"])
    requeued = [body for number, _, body in world.log() if number == "004"]
    equal(len(requeued), 1)
    contains(requeued[0], "Job terminated and was requeued")
