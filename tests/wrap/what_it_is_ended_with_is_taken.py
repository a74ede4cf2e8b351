"""Renewals before the end are taken without ending the program; what it saves when it is ended is one more checkpoint."""
from wrapping import LOG, STATE, World

with World(steps=100000) as world:
    options = [*STATE, *LOG, "--when-renewed", "--settle", "5ms"]
    process = world.start(*options, "--every", "1h", counter=["--save-every=20", "--pause=0.02"])
    world.wait_for(lambda: max(world.generations(), default="") >= "gen-000001.cairn", "a checkpoint that does not end it")
    lines = len(world.lines("log.txt"))
    world.wait_for_lines("log.txt", lines + 5)
    process.terminate()
    finished = world.finish(process, 77)
    saved = world.read("state.txt").split()[0]
    assert "leaves with 77" in finished.err, finished.err
    again = world.start(*options, "--every", "1h", counter=["--save-every=20", "--pause=0.02"])
    world.wait_for_lines("starts.txt", 2)
    assert world.lines("starts.txt")[1].split()[0] == saved, (world.lines("starts.txt"), saved)
    again.terminate()
    world.finish(again)
