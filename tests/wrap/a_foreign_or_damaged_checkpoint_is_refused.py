from wrapping import LOG, STATE, World

with World(steps=100000) as world:
    for _ in range(2):
        world.wrap(*STATE, *LOG, "--every", "100ms", code=77)
    # Other arguments.
    finished = world.wrap(*STATE, *LOG, counter=["--pause=0.01"], code=125)
    assert "belongs to another command" in finished.err and "--pause=0.01" in finished.err, finished.err
    # One bit of the newest: the one before is used.
    newest = world.folder / "wrap.ckpt" / world.generations()[-1]
    first = world.lines("starts.txt")[-1].split()[0]
    content = bytearray(newest.read_bytes())
    content[4096 + 1] ^= 4
    newest.chmod(0o644)
    newest.write_bytes(content)
    finished = world.wrap(*STATE, *LOG, "--every", "100ms", code=77)
    assert "is not used" in finished.err, finished.err
    assert world.lines("starts.txt")[-1].split()[0] == first
    # Both: never from the beginning by itself.
    for name in world.generations():
        path = world.folder / "wrap.ckpt" / name
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[:-1])
    finished = world.wrap(*STATE, *LOG, code=125)
    assert "can be used" in finished.err, finished.err

# The output that was appended to is gone, or shorter: the checkpoint does not fit it.
with World(steps=100000) as world:
    world.wrap(*STATE, *LOG, "--every", "100ms", code=77)
    (world.folder / "log.txt").write_text("1\n")
    finished = world.wrap(*STATE, *LOG, code=125)
    assert "log.txt has 2 bytes" in finished.err, finished.err

# One folder, one wrapper.
with World(steps=100000) as world:
    process = world.start(*STATE)
    world.wait_for_lines("log.txt", 1)
    finished = world.wrap(*STATE, code=125)
    assert "is locked by" in finished.err, finished.err
    process.terminate()
    world.finish(process, 77)
