"""Jobs run side by side as far as their requests allow; one that asks for too much holds up nobody."""
from clause import *

with World() as world:
    world.job('note begin $1\n[ "$1" = 0 ] && gate first\nnote end $1\n: > result\n', arguments="$(Process)",
              output=None, error=None)
    text = (world.folder / "job.sub").read_text()
    (world.folder / "job.sub").write_text(text.replace("queue\n", "queue 3\n"))
    world.cairn("engine", "--slots", "1")
    world.cairn("submit", "job.sub")
    world.wait_for_gate("first")
    equal(world.notes(), ["begin 0"])
    equal([world.state(f"1.{proc}") for proc in range(3)], ["running", "idle", "idle"])
    world.open_gate("first")
    world.cairn("wait", "1")
    equal(world.notes(), [f"{what} {proc}" for proc in range(3) for what in ("begin", "end")])
    world.cairn("engine", "--stop")

    world.job(": > result\n", request_cpus="100000")
    world.cairn("submit", "job.sub")
    world.job(": > result\n")
    world.cairn("submit", "job.sub")
    world.cairn("wait", "3")
    equal(world.state("2.0"), "idle")

with World() as world:  # a relative home is that of the terminal, not of the engine's own folder
    world.home = world.folder / "here"
    environment = {**world.environment(), "CAIRN_HOME": "here"}
    world.environment = lambda: environment
    world.job(": > result\n")
    world.cairn("submit", "job.sub")
    world.cairn("wait", "1")
    assert (world.folder / "here" / "engine" / "log").exists()
