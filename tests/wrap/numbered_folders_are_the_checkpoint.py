"""A program that saves into folders with numbers as names, and goes on from the last: all of them are the checkpoint, half of one
that a kill has left is not, and the folder 0, which is its input, stays where it is."""
import os
import signal
import subprocess
from wrapping import PYTHON, World

PROGRAM = r"""
import os, signal, sys, time
asked = []
signal.signal(signal.SIGTERM, lambda *_: asked.append(1))
step = max(int(name) for name in os.listdir() if name.isdigit())
total = int(open(f"{step}/one").read()) * 1000 + int(open(f"{step}/two").read())
def save(half=False):
    os.mkdir(str(step))
    open(f"{step}/one", "w").write(str(total // 1000))
    if half:
        open("half", "w").close()
        while True: time.sleep(3600)
    open(f"{step}/two", "w").write(str(total % 1000))
while step < 200:
    step += 1
    total += step
    time.sleep(0.004)
    if "HALF" in os.environ and step == 150: save(half=True)
    if asked or step == 100:
        save()
        if asked: sys.exit(0)
open("result.txt", "w").write(str(total))
"""
NUMBER = "@([1-9]*([0-9]))"


class Folders(World):
    def new_folder(self):
        folder = super().new_folder()
        (folder / "program.py").write_text(PROGRAM)
        (folder / "0").mkdir()
        for name in "one", "two":
            (folder / "0" / name).write_text("0")
        return folder


def options(pattern):
    return ["--optional-files", pattern, "--saved-codes", "0", "--every", "150ms"]


program = [PYTHON, "-B", "program.py"]
with Folders() as world:
    assert world.to_the_end(*options(NUMBER), program=program, moving=[]) > 1
    assert world.read("result.txt") == str(sum(range(201))), world.read("result.txt")
    assert (world.folder / "100" / "two").exists() and (world.folder / "0" / "one").exists()

# Killed in the middle of a save.
with Folders() as world:
    assert world.wrap(*options(NUMBER), program=program).code == 77
    running = world.start(*options(NUMBER)[:-1], "1h", program=program, environment={"HALF": "yes"})
    world.wait_for(lambda: (world.folder / "half").exists(), "half a folder")
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    # The canary: what is there is not good.
    alone = subprocess.run(program, cwd=world.folder, capture_output=True, text=True, check=False)
    assert alone.returncode != 0 and "150/two" in alone.stderr, alone.stderr
    assert world.to_the_end(*options(NUMBER), program=program) > 0
    assert world.read("result.txt") == str(sum(range(201))), world.read("result.txt")

# A pattern for all numbers does not take its input away from it.
with Folders() as world:
    world.wrap("--optional-files", "[0-9]*", "--check", "false", "--every", "1h", program=program)
    assert (world.folder / "0" / "one").read_text() == "0" and world.read("result.txt"), world.read("result.txt")
