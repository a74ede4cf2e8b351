import signal

from wrapping import STATE, World, alive, wait_for

# It went to the background: that ends with it, and the user is told.
with World(steps=50) as world:
    finished = world.wrap(*STATE, counter=["--daemon"], code=0)
    assert not alive(int(world.read("daemon.pid")))
    assert "left 1 process in the background" in finished.err, finished.err

# What ends by itself right after it is waited for: the rest of its output is in a pipe.
with World() as world:
    finished = world.wrap("--checkpoint-files", "state.txt", code=0,
                          program=["bash", "-c", "exec > >(sleep 0.3; cat > out.txt); echo the last line"])
    assert world.read("out.txt") == "the last line\n", world.read("out.txt")
    assert finished.err == "", finished.err

# Asked to leave while the last of it ends: it is not started once more.
with World(steps=100000) as world:
    process = world.start(*STATE, "--every", "100ms", "--check", "false", counter=["--daemon"])
    world.wait_for(lambda: world.read("signals.txt") != "", "the end of the interval")
    process.terminate()
    assert world.finish(process).code == -signal.SIGTERM
    assert len(world.lines("starts.txt")) == 1, world.lines("starts.txt")

# The wrapper was killed: the next one of the same folder ends what the last left.
with World(steps=100000) as world:
    process = world.start(*STATE, counter=["--daemon"])
    world.wait_for(lambda: world.read("daemon.pid") != "", "the daemon")
    daemon = int(world.read("daemon.pid"))
    process.kill()
    process.wait()
    assert alive(daemon)
    (world.folder / "daemon.pid").unlink()
    again = world.start(*STATE, counter=["--daemon"])
    world.wait_for(lambda: not alive(daemon), "the end of the old daemon")
    again.terminate()
    world.finish(again)

# Another folder of the same name, as in another container: what runs there is left in peace.
with World(steps=100000) as world:
    process = world.start(*STATE)
    world.wait_for_lines("log.txt", 1)
    moved = world.folder.rename(world.root / "moved")
    world.folder.mkdir()
    (world.folder / "counter.py").write_text((moved / "counter.py").read_text())
    world.steps = 5
    world.wrap(*STATE, code=0)
    seen = len((moved / "log.txt").read_text().splitlines())
    wait_for(lambda: process.poll() is not None or len((moved / "log.txt").read_text().splitlines()) > seen, "a step")
    assert process.poll() is None, process.communicate()

# What --prepare started is ended by the next start, too, before anything is put back.
with World() as world:
    world.wrap(*STATE, "--every", "150ms", counter=["--rest-at=20"], code=77)
    late = "sh -c 'echo > begun; while [ ! -e go ]; do sleep 0.01; done; echo late > state.txt; echo > late'; true"
    process = world.start(*STATE, "--prepare", late, counter=["--rest-at=20"])
    world.wait_for(lambda: (world.folder / "begun").exists(), "the preparation")
    process.kill()
    process.wait()
    again = world.start(*STATE, counter=["--rest-at=20"])
    world.wait_for_lines("starts.txt", 2)
    (world.folder / "go").write_text("")
    world.finish(again, 0)
    world.expect_result()
    assert not (world.folder / "late").exists(), "the preparation of a killed wrapper ran on"
