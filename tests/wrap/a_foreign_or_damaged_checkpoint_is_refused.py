import signal

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

# A command that failed before its first checkpoint: the next one begins, with nothing of it but its output.
with World(steps=20) as world:
    world.wrap(*STATE, *LOG, counter=["--save-every=5", "--crash-at=7"], code=-signal.SIGABRT)
    assert world.generations() == ["gen-000000.cairn"], world.generations()
    world.wrap(*STATE, *LOG, counter=["--pause=0.01"], code=0)
    assert [line.split()[0] for line in world.lines("starts.txt")] == ["0", "0"], world.lines("starts.txt")
    assert world.lines("log.txt") == [str(i) for i in [*range(1, 8), *range(1, 21)]], world.lines("log.txt")
    assert (world.folder / "wrap.ckpt.aside" / "state.txt").exists()

# A mistyped name leaves nothing behind.
with World() as world:
    finished = world.wrap(*STATE, program=["no-such-program"], code=127)
    assert "there is no program no-such-program" in finished.err and not (world.folder / "wrap.ckpt").exists()
