"""It saves by itself, and ends by its own limit after it has written more: that output is cut back, or nothing is taken."""
from wrapping import LOG, STATE, World

KEPT = [*STATE, *LOG, "--freeze", "--settle", "5ms", "--limit-args", "--unused"]

with World(steps=100) as world:
    restarts, finished = 0, world.wrap(*KEPT, counter=["--save-every=20", "--limit-unsaved=30", "--pause=0.02"])
    while finished.code == 77:
        assert world.lines("log.txt")[:20] == [str(i) for i in range(1, 21)]
        restarts += 1
        finished = world.wrap(*KEPT, counter=["--save-every=20", "--limit-unsaved=30", "--pause=0.02"])
    if finished.code == 0:
        assert restarts > 2, restarts
        world.expect_result()
        world.expect_log()
    else:  # it was not seen where the output ended when the state was written
        assert finished.code == 1 and "has written to log.txt since it saved" in finished.err, finished.err

# The usual case: it saves, and then it ends.
with World() as world:
    assert world.to_the_end(*KEPT, counter=["--limit=60"]) == 3
    world.expect_result()
    world.expect_log()
