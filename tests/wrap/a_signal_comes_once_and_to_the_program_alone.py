import signal
from wrapping import STATE, World

with World(steps=100000) as world:
    process = world.start(*STATE, counter=["--child"])
    world.wait_for(lambda: world.read("child-runs") == "" and (world.folder / "child-runs").exists(), "the child")
    world.wait_for_lines("log.txt", 3)
    process.send_signal(signal.SIGHUP)  # not one that asks to leave: passed on as it is
    finished = world.finish(process)
    assert world.lines("signals.txt") == ["SIGHUP"], world.lines("signals.txt")
    assert finished.code == 1, finished.err  # it ended by itself, and has not finished

with World(steps=100000) as world:
    process = world.start(*STATE, counter=["--child", "--pause=0.05"])
    world.wait_for(lambda: (world.folder / "child-runs").exists(), "the child")
    world.wait_for_lines("log.txt", 3)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGTERM)  # a second one loses all in some programs
    world.finish(process, 77)
    assert world.lines("signals.txt") == ["SIGTERM"], world.lines("signals.txt")
    assert world.lines("child-signals.txt") == [], "the child got a signal, too"

with World(steps=100000) as world:
    process = world.start(*STATE, "--signal-group", "--grace", "1s", counter=["--child"])
    world.wait_for(lambda: (world.folder / "child-runs").exists(), "the child")
    world.wait_for_lines("log.txt", 3)
    process.send_signal(signal.SIGINT)
    world.finish(process, 77)
    assert world.lines("signals.txt") == ["SIGTERM"]  # the signal by which it saves, whatever asked us
    assert world.lines("child-signals.txt") == ["SIGTERM"]
