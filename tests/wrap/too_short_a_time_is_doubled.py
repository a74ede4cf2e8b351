"""Ended before it had anything new to save, the program gets more time, not the same again."""
from wrapping import STATE, World

with World(steps=200) as world:
    options = [*STATE, "--every", "500ms"]
    counter = ["--save-every=40", "--pause=0.02", "--save-on=nothing"]
    finished = world.wrap(*options, counter=counter, code=77)
    assert "left none" in finished.err and "started again" in finished.err, finished.err
    assert world.to_the_end(*options, counter=counter) > 0
    world.expect_result()

# And it is given up in the end.
with World(steps=100000) as world:
    finished = world.wrap(*STATE, "--every", "50ms", counter=["--save-on=nothing"], code=1)
    assert finished.err.count("started again") == 3 and "given up" in finished.err, finished.err
