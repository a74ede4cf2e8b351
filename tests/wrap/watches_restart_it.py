from wrapping import LOG, STATE, World

# It hangs once: started again from the last checkpoint, in place.
with World() as world:
    options = [*STATE, *LOG, "--when-renewed", "--every", "1h", "--settle", "5ms", "--stall", "1s"]
    finished = world.wrap(*options, counter=["--save-every=20", "--hang-at=150"], code=0)
    assert "has done nothing" in finished.err, finished.err
    world.expect_result()
    world.expect_log()

# It hangs always: given up after so many times.
with World() as world:
    finished = world.wrap("--checkpoint-files", "state.txt", "--stall", "200ms", "--stall-restarts", "2",
                          program=["/bin/sleep", "1000"], code=1)
    assert finished.err.count("started again") == 2 and "given up" in finished.err, finished.err

# The newest checkpoint kills the program at once: the one before is taken; then it is given up.
with World(steps=100000) as world:
    for _ in range(2):
        world.wrap(*STATE, *LOG, "--every", "100ms", code=77)
    text = (world.folder / "counter.py").read_text()
    newest = world.read("state.txt").split()[0]
    (world.folder / "counter.py").write_text(text.replace('open("starts.txt"', f'assert step < {newest}\nopen("starts.txt"'))
    finished = world.wrap(*STATE, *LOG, "--every", "1s", code=77)
    assert "goes back to checkpoint 1" in finished.err, finished.err
    (world.folder / "counter.py").write_text("import sys; sys.exit(9)")
    finished = world.wrap(*STATE, *LOG, "--every", "100ms", code=9)
    assert "is given up" in finished.err, finished.err
