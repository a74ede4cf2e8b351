from wrapping import LOG, STATE, World

# It ignores the signal, but saves now and then: what it saved last is taken.
with World() as world:
    options = [*STATE, *LOG, "--every", "200ms", "--grace", "150ms"]
    world.to_the_end(*options, counter=["--deaf", "--save-every=5"], moving=["log.txt"])
    world.expect_result()

# It ignores the signal and saves nothing: given up, with the reason.
with World(steps=100000) as world:
    finished = world.wrap(*STATE, "--every", "50ms", "--grace", "50ms", counter=["--deaf"], code=1)
    assert "is given up" in finished.err and "state.txt is missing" in finished.err, finished.err
