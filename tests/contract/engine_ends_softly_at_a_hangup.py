"""SIGHUP ends the engine as SIGTERM does: jobs save, and go on with the next engine.  SIGPIPE is no end."""
from clause import *

with World() as world:
    world.job("""note "$step"
trap 'save $((step + 1)); exit 77' TERM
[ $step = 1 ] && { : > result; exit 0; }
: > "$GATES/runs"
while :; do sleep 0.01; done
""")
    world.cairn("submit", "job.sub")
    wait_for((world.gates / "runs").exists, "the job")
    engine = world.engine()
    os.kill(engine, signal.SIGPIPE)
    contains(world.cairn("status", "1.0").out, "running")
    os.kill(engine, signal.SIGHUP)
    wait_for(lambda: not alive(engine), "the end of the engine")
    equal(world.state(), "idle")
    equal(world.checkpoints(), ["000000"])
    world.cairn("engine")
    wait_for(lambda: world.state() == "completed", "the job's end")
    equal(world.notes(), ["0", "1"])
    world.cairn("engine", "--stop")

    # Nobody reads what an engine in the foreground says.
    reader, writer = os.pipe()
    engine = subprocess.Popen([CAIRN, "engine", "--foreground"], env=world.environment(), stdout=writer,
                              stderr=subprocess.DEVNULL)
    os.close(writer)
    os.close(reader)
    world.started.append(engine)
    world.job(": > result\n")
    wait_for(lambda: world.engine() == engine.pid, "the engine")
    world.cairn("submit", "job.sub")
    wait_for(lambda: world.state("2.0") == "completed", "the second job")
    world.cairn("engine", "--stop")
    equal(engine.wait(timeout=PATIENCE), 0)
