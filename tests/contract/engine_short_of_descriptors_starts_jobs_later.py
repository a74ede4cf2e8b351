"""An engine that cannot start a starter for want of descriptors says so, and starts the job when it can."""
import resource

from clause import *


def highest_at_rest(process):
    """The highest descriptor that stays: others are open for a moment only, as at the engine's start."""
    seen = []
    while len(seen) < 20 or len(set(seen[-20:])) > 1:
        seen.append(max(int(fd) for fd in os.listdir(f"/proc/{process}/fd")))
        time.sleep(0.01)
    return seen[-1]


with World() as world:
    world.job('gate running\n: > result\n')
    world.cairn("engine")
    engine = world.engine()
    before = resource.prlimit(engine, resource.RLIMIT_NOFILE)
    used = highest_at_rest(engine)
    # Room for a visitor, not for a starter.
    resource.prlimit(engine, resource.RLIMIT_NOFILE, (used + 2, before[1]))
    world.cairn("submit", "job.sub")
    log = world.home / "engine/log"
    wait_for(lambda: "no more jobs can be started" in log.read_text(), "a sentence about it")
    equal(world.state(), "idle")
    resource.prlimit(engine, resource.RLIMIT_NOFILE, before)
    world.wait_for_gate("running")
    equal(world.query("SELECT crashes, activation FROM jobs"), [(0, 1)])
    equal(log.read_text().count("no more jobs can be started"), 1)
    world.open_gate("running")
    wait_for(lambda: world.state() == "completed", "the job's end")
    world.cairn("engine", "--stop")
