"""A job that does not heed its signal cannot keep `cairn run` from ending."""
from clause import *

with World() as world:
    world.job("""
trap '' TERM
note "$step"
if [ $step = 0 ]; then save 1; exit 77; fi
gate running
: > result
""")
    process = world.start("run", "job.sub")
    world.wait_for_gate("running")
    world.wait_for_checkpoint(0)
    process.send_signal(SIGINT)
    wait_for(lambda: world.state() == "vacating", "the first request")
    process.send_signal(SIGINT)
    world.finish(process, status=3)
    equal((world.state(), world.checkpoints()), ("idle", ["000000"]))
    world.open_gate("running")
    world.run()
    equal(world.notes(), ["0", "1", "1"])
