"""Without descriptors for all jobs, some wait; silent visitors cost it none of its jobs."""
import resource
import socket

from clause import *

FEW = 60
JOBS = 50

with World() as world:
    world.job('note "$step"; gate open\n: > result\n', request_memory="8", request_disk="1", transfer_output_files=None,
              transfer_checkpoint_files=None, checkpoint_exit_code=None, log=None)
    world.write("job.sub", world.read("job.sub").replace("queue\n", f"queue {JOBS}\n"))
    subprocess.run([CAIRN, "engine", "--slots", str(JOBS)], env=world.environment(), check=True, stdout=subprocess.DEVNULL,
                   preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (FEW, FEW)))
    silent = []
    for _ in range(FEW):
        visitor = socket.socket(socket.AF_UNIX)
        visitor.connect(str(world.home / "engine/socket"))
        silent.append(visitor)
    for visitor in silent[1:]:
        visitor.close()
    world.cairn("submit", "job.sub")
    wait_for(lambda: len(world.notes()) >= 10, "some jobs to run side by side")
    world.open_gate("open")
    wait_for(lambda: world.query("SELECT count(*) FROM jobs WHERE state = 'completed'") == [(JOBS,)], "all jobs")
    equal(world.query("SELECT max(crashes), max(activation) FROM jobs"), [(0, 1)])
    world.cairn("engine", "--stop")
