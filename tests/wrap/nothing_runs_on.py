from wrapping import STATE, World, alive

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
