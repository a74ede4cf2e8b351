from wrapping import STATE, World, alive, wait_for

# It went to the background: that ends with it.
with World(steps=50) as world:
    world.wrap(*STATE, counter=["--daemon"], code=0)
    assert not alive(int(world.read("daemon.pid")))

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
