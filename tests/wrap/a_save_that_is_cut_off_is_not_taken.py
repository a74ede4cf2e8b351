"""Whoever is killed while it writes its state leaves half of it: the checkpoint before stands."""
from wrapping import PYTHON, STATE, World

# The grace is over in the middle of the save.
with World(steps=100000) as world:
    process = world.start(*STATE, "--every", "1h", "--grace", "2s", counter=["--save=slowly", "--half=3600"])
    world.wait_for_lines("log.txt", 1)
    process.terminate()
    finished = world.finish(process, -15)
    assert "while it had state.txt open for writing" in finished.err, finished.err
    assert "no new checkpoint" in finished.err and world.generations() == ["gen-000000.cairn"], finished.err

# It knows no signal, and saves by itself: the signal comes between two saves, never within one.
SAVES = '''
import os, time
n = int(open("state.txt").read().split()[0]) if os.path.exists("state.txt") else 0
assert n == 0 or open("state.txt").read().endswith(" end"), "torn"
while n < 80:
    n += 1
    with open("state.txt", "w") as f:
        f.write(str(n)); f.flush()
        time.sleep(0.02)
        f.write(" end")
    time.sleep(0.01)
open("result.txt", "w").write(str(n))
'''
with World() as world:
    (world.folder / "saves.py").write_text(SAVES)
    restarts = world.to_the_end("--checkpoint-files", "state.txt", "--finished-when", "result.txt", "--every", "150ms",
                                program=[PYTHON, "-B", "saves.py"])
    assert restarts > 0 and world.read("result.txt") == "80", restarts

# A child that it leaves behind is still writing when it is ended.
with World() as world:
    child = "trap exit TERM; { echo half; sleep 3600; } > state.txt & while :; do sleep 0.01; done"
    process = world.start("--checkpoint-files", "state.txt", "--every", "200ms", program=["/bin/sh", "-c", child])
    finished = world.finish(process, 1)
    assert "what it left in the background had state.txt open for writing" in finished.err, finished.err

# A file that is never closed is never whole: it is said, and nothing is taken.
with World() as world:
    keeps = "import time; f = open('state.txt', 'w'); f.write('half'); f.flush(); time.sleep(3600)"
    process = world.start("--checkpoint-files", "state.txt", "--freeze", "--settle", "5ms", "--grace", "1s", program=[PYTHON, "-c", keeps])
    world.wait_for(lambda: world.read("state.txt"), "its file")
    process.terminate()
    finished = world.finish(process, -15)
    assert "state.txt has been open for writing all the time" in finished.err, finished.err
    assert world.generations() == ["gen-000000.cairn"], world.generations()
