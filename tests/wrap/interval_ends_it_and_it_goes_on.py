from wrapping import LOG, STATE, World

RESTS = ["--rest-at=60,120"]

# In place: what was appended after a checkpoint is cut back, nothing is there twice.
with World() as world:
    assert world.to_the_end(*STATE, *LOG, "--every", "150ms", counter=RESTS) > 1
    world.expect_result()
    world.expect_log()
    assert len(world.generations()) <= 2, world.generations()

# On another machine each time, with the checkpoint folder and the output alone.
with World() as world:
    assert world.to_the_end(*STATE, *LOG, "--every", "150ms", counter=RESTS, moving=["log.txt"]) > 1
    world.expect_result()
    world.expect_log()

# Everything in the set: nothing else needs to be transferred.
with World() as world:
    options = ["--checkpoint-files", "state.txt,log.txt", *STATE[2:], "--every", "150ms"]
    assert world.to_the_end(*options, counter=RESTS, moving=[]) > 1
    world.expect_result()
    world.expect_log()
