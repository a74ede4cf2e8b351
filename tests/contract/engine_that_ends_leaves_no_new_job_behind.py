"""A submission that meets an engine at its end gets the next one."""
import fcntl

from clause import *

with World() as world:
    world.job("""trap 'gate leaving; save 1; exit 77' TERM
[ $step = 1 ] || ! mkdir "$GATES/first" 2> /dev/null && { : > result; exit 0; }
: > "$GATES/runs"
while :; do sleep 0.01; done
""")
    world.cairn("submit", "job.sub")
    wait_for((world.gates / "runs").exists, "the first job")
    ending = world.start("engine", "--stop")
    world.wait_for_gate("leaving")
    submitter = world.start("submit", "job.sub")
    wait_for(lambda: world.query("SELECT 1 FROM jobs WHERE cluster = 2"), "the second job's record")
    world.open_gate("leaving")
    equal(world.finish(submitter).err, "")
    contains(world.finish(ending).out, "ends when its jobs have left")
    for job in ("1.0", "2.0"):
        wait_for(lambda: world.state(job) == "completed", f"the end of {job}")
    world.cairn("engine", "--stop")

# One that hears nobody any more, and has its home for a moment yet.
with World() as world:
    world.job(": > result\n")
    (world.home / "engine").mkdir(parents=True)
    world.home.chmod(0o700)
    with open(world.home / "engine/lock", "w") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        submitter = world.start("submit", "job.sub")
        log = world.home / "engine/log"
        wait_for(lambda: log.exists() and "has an engine already" in log.read_text(), "an engine that cannot begin")
    equal(world.finish(submitter).err, "")
    wait_for(lambda: world.state() == "completed", "the job")
    world.cairn("engine", "--stop")
