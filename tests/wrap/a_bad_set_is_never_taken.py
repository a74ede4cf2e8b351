from wrapping import STATE, LOG, World

# An empty file, after a good checkpoint: the good one is put back, and it goes on from there.
with World(steps=100000) as world:
    world.wrap(*STATE, *LOG, "--every", "100ms", code=77)
    good = world.read("state.txt")
    # The same command to the wrapper, since a checkpoint belongs to one: the program reads the rest from a file.
    text = (world.folder / "counter.py").read_text()
    (world.folder / "counter.py").write_text(text.replace('option("save") == "empty"', "True"))
    finished = world.wrap(*STATE, *LOG, "--every", "100ms", code=1)
    assert "state.txt is empty" in finished.err and "given up" in finished.err, finished.err
    assert world.generations() == ["gen-000000.cairn", "gen-000001.cairn"] or \
        world.generations() == ["gen-000001.cairn"], world.generations()
    (world.folder / "counter.py").write_text(text)
    world.wrap(*STATE, *LOG, "--every", "100ms", code=77)
    starts = [line.split()[0] for line in world.lines("starts.txt")]
    # Four with the empty file, and the last; on a busy machine one is ended before it can note its start.
    assert set(starts[1:]) == {good.split()[0]} and len(starts) <= 6, starts

# The user's own check.
with World(steps=100000) as world:
    finished = world.wrap(*STATE, "--every", "100ms", "--check", "grep -q nothing state.txt || { echo no such thing >&2; exit 3; }", code=1)
    assert "says no" in finished.err and "no such thing" in finished.err, finished.err
    assert "gen-000001.cairn" not in world.generations()
