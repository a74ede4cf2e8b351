import re
from wrapping import LOG, STATE, World

# It saves in place, in two halves, and knows no signal: only --freeze can wrap it.  The program itself refuses a torn file.
FREEZE = [*STATE, *LOG, "--freeze", "--settle", "10ms"]
with World() as world:
    restarts = world.to_the_end(*FREEZE, counter=["--deaf", "--save=slowly", "--save-every=20", "--rest-at=40,80,120"], moving=["log.txt"])
    assert restarts > 2, restarts
    world.expect_result()
    world.expect_log()

# Between two ends, each renewal is taken: a kill costs no more than the work since.
with World() as world:
    process = world.start(*FREEZE, "--every", "1h", counter=["--deaf", "--save=slowly", "--save-every=20"])
    world.wait_for(lambda: max(world.generations(), default="") >= "gen-000002.cairn", "two checkpoints")
    process.kill()
    process.wait()
    world.to_the_end(*FREEZE, "--every", "1h", counter=["--deaf", "--save=slowly", "--save-every=20"])
    world.expect_result()
    world.expect_log()
    assert int(world.lines("starts.txt")[1].split()[0]) >= 20, world.lines("starts.txt")

# Asked to leave in the middle of a write: what is written then is taken when it is whole, and not before.
with World(steps=60) as world:
    counter = ["--deaf", "--save=slowly", "--save-every=20", "--half=1"]
    process = world.start(*STATE, "--freeze", "--every", "1h", counter=counter)
    world.wait_for(lambda: re.fullmatch(r"\d+ \d+ ", world.read("state.txt")), "half of a state")
    process.terminate()
    world.finish(process, 77)
    assert re.fullmatch(r"\d+ \d+ end\n", world.read("state.txt")), world.read("state.txt")
    world.wrap(*STATE, "--freeze", "--every", "1h", counter=counter, code=0)
    world.expect_result()
