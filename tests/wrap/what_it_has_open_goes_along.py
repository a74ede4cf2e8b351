"""A program that has its output open, and cuts it back to its state by itself when it goes on, by renaming and copying it as
MrBayes does, keeps it whole, whenever it is killed."""
import os
import signal
from wrapping import PYTHON, World

PROGRAM = r"""
import os, sys, time
step = begun = 0
def save():
    with open("state.txt", "w") as state: state.write(str(step))
if "--resume" in sys.argv:
    step = begun = int(open("state.txt").read())
    os.rename("log.txt", "log.txt~")
    log = open("log.txt", "w")
    for line in open("log.txt~"):
        if int(line) > step: break
        log.write(line); log.flush()
        if len(sys.argv) > 2:
            open("rewriting", "w").close()
            while True: time.sleep(3600)
else:
    log = open("log.txt", "w")
while step < 300:
    step += 1
    log.write(f"{step}\n"); log.flush()
    time.sleep(0.004)
    if step % 20 == 0: save()
    while step in (100, 200) and begun < step and "UNTIL_ENDED" in os.environ:
        save()
        time.sleep(0.1)
open("result.txt", "w").write("done\n")
"""
OPTIONS = ["--checkpoint-files", "state.txt", "--freeze", "--settle", "30ms", "--finished-when", "result.txt", "--every", "150ms"]
OPEN = ["--open-files", "log.txt"]
UNTIL_ENDED = {"UNTIL_ENDED": "yes"}


class Sampling(World):
    def new_folder(self):
        folder = super().new_folder()
        (folder / "program.py").write_text(PROGRAM)
        return folder

    def log_is_whole(self):
        return self.lines("log.txt") == [str(step) for step in range(1, 301)]


def killed_while_it_rewrites(world, output):
    """Ended once, killed when it has rewritten a line of its output, and gone on: the exit status at the end."""
    program = [PYTHON, "-B", "program.py"]
    assert world.wrap(*OPTIONS, *output, "--resume-args", "--resume", program=program, environment=UNTIL_ENDED).code == 77
    running = world.start(*OPTIONS, *output, "--resume-args", "--resume slowly", program=program)
    world.wait_for(lambda: (world.folder / "rewriting").exists(), "the rewriting")
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    while (code := world.wrap(*OPTIONS, *output, "--resume-args", "--resume", program=program).code) == 77:
        pass
    return code


with Sampling() as world:
    assert killed_while_it_rewrites(world, OPEN) == 0
    assert world.log_is_whole(), world.lines("log.txt")

# The canary: cut back by us the same program is lost, since what it should be cut back from is gone.
with Sampling() as world:
    assert killed_while_it_rewrites(world, ["--rollback", "log.txt"]) != 0 or not world.log_is_whole()

# As a file that must be closed nothing is ever taken, nor is it from more output without a new state.
with Sampling() as world:
    assert world.wrap(*OPTIONS, "--optional-files", "log.txt", "--resume-args", "--resume", program=[PYTHON, "-B", "program.py"], code=0).code == 0
    assert world.generations() == ["gen-0.cairn"] or not any("gen-1" in name for name in world.generations()), world.generations()

# It goes along.
with Sampling() as world:
    assert world.to_the_end(*OPTIONS, *OPEN, "--resume-args", "--resume", program=[PYTHON, "-B", "program.py"], moving=[],
                            environment=UNTIL_ENDED) > 1
    assert world.log_is_whole(), world.lines("log.txt")
