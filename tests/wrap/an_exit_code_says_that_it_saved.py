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
