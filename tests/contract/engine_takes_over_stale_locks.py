"""What a lock file says is for people: neither a dead pid in it nor one that another process has by now keeps an engine away."""
import socket

from clause import *


def dead_pid():
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


with World() as world:
    world.job(": > result\n")
    for number, pid in enumerate((dead_pid(), os.getpid(), 1), 1):
        for folder in ("engine", f"cluster-{number}"):
            (world.home / folder).mkdir(parents=True, exist_ok=True)
            (world.home / folder / "lock").write_text(f"pid {pid} on host {socket.gethostname()}\n")
        world.home.chmod(0o700)
        world.cairn("submit", "job.sub")
        wait_for(lambda: world.state(f"{number}.0") == "completed", "the job")
        engine = world.engine()
        assert engine not in (None, pid)
        contains(world.cairn("engine", "--foreground", status=2).err, f"by pid {engine} ")
        world.kill_engine()
    # The same for cairn run; its own lock is real.
    world.job("gate running; : > result\n")
    (world.home / "cluster-4").mkdir()
    (world.home / "cluster-4/lock").write_text(f"pid {os.getpid()} on host {socket.gethostname()}\n")
    run = world.start("run", "job.sub")
    world.wait_for_gate("running")
    contains(world.run(status=2).err, f"by pid {run.pid} ")
    world.open_gate("running")
    world.finish(run)
