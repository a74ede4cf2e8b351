"""Asked to end, a program that has not saved all, and says so by its exit code, or had to be killed, leaves nothing to take."""
from wrapping import PYTHON, World

# Two files, written one after the other; the first time that it is asked after it has gone on it leaves half of them.
PROGRAM = r"""
import os, pathlib, signal, sys, time
asked = []
signal.signal(signal.SIGTERM, lambda *_: asked.append(1))
step = 0
if "--resume" in sys.argv:
    step, other = (int(open(name).read()) for name in ("one.txt", "two.txt"))
    if step != other: open("mixed.txt", "w").write(f"{step} {other}")
while step < 200 or not os.path.exists("failed"):
    step += 1
    time.sleep(0.004)
    if asked:
        open("one.txt", "w").write(str(step))
        if "--resume" in sys.argv and not os.path.exists("failed"):
            open("failed", "w").close()
            if sys.argv[1] == "hang":
                while True: time.sleep(3600)
            sys.exit(3)
        open("two.txt", "w").write(str(step))
        sys.exit(0)
open("result.txt", "w").write("done\n")
"""
OPTIONS = ["--checkpoint-files", "one.txt,two.txt", "--resume-args", "--resume", "--finished-when", "result.txt", "--every", "150ms", "--grace", "1s"]


class TwoFiles(World):
    def new_folder(self):
        folder = super().new_folder()
        (folder / "program.py").write_text(PROGRAM)
        return folder


for how in "fail", "hang":
    program = [PYTHON, "-B", "program.py", how]
    with TwoFiles() as world:
        while (done := world.wrap(*OPTIONS, "--saved-codes", "0", program=program)).code == 77:
            assert "does not say" not in done.err or (world.folder / "failed").exists()
        assert done.code == 0 and (world.folder / "failed").exists() and not (world.folder / "mixed.txt").exists(), done.err
    # Killed in the middle, it has written one of two since it was asked: that is seen.  The canary: where it ends by itself
    # it is not, and a mixed set is taken.
    with TwoFiles() as world:
        while (done := world.wrap(*OPTIONS, program=program)).code == 77:
            pass
        assert (world.folder / "mixed.txt").exists() == (how == "fail"), done.err
    # However long it has been waiting.
    with TwoFiles() as world:
        while (done := world.wrap(*OPTIONS, "--settle", "1ms", program=[PYTHON, "-B", "program.py", "hang"])).code == 77:
            pass
        assert not (world.folder / "mixed.txt").exists(), done.err

# A command makes it save, and then kills it; so does a system without memory, and so it must be said.
COUNTS = """i=0; [ "$1" = --resume ] && i=$(cat state.txt)
trap 'echo $i > state.new; mv state.new state.txt; : > saved' USR1
: > ready-$$
[ $i = 0 ] || : > went-on
while [ $i -lt 40 ]; do i=$((i + 1)); sleep 0.01; done
while [ ! -e went-on ]; do sleep 0.01; done
echo $i > result.txt
"""
KILLS = ["--checkpoint-files", "state.txt", "--resume-args", "--resume", "--finished-when", "result.txt", "--every", "150ms",
         "--stop-command", "until [ -e ready-{pid} ]; do sleep 0.01; done; rm -f saved; kill -USR1 {pid}; "
         "until [ -e saved ] || [ -e result.txt ]; do sleep 0.01; done; kill -9 {pid}"]
for codes in ([], ["--saved-codes", "137"]):
    with World() as world:
        (world.folder / "counts.sh").write_text(COUNTS)
        finished = world.wrap(*KILLS, *codes, program=["/bin/sh", "counts.sh"])
        if not codes:
            assert finished.code == 1 and "if it ends so when it has saved: --saved-codes 137" in finished.err, finished.err
            continue
        assert finished.code == 77, finished.err
        world.to_the_end(*KILLS, *codes, program=["/bin/sh", "counts.sh"])
        assert world.read("result.txt") == "40\n", world.read("result.txt")
