"""HTCondor live 5: such a job is over, and its checkpoints are deleted."""
from clause import *

with World() as world:
    world.job("""
note "$step"
if [ $step = 0 ]; then save 1; : > result; exit 77; fi
kill -9 $$
""")
    world.run("--contract", "htcondor", status=1)
    equal(world.notes(), ["0", "1"])
    equal(world.state(), "completed")
    contains(world.log()[-1][2], "Abnormal termination (signal 9)")
    assert not world.job_folder().exists(), "its checkpoints are still there"
