"""Whatever ends a program between the two files of one save, the new one beside the old one is never taken; nor is output that
has grown since the save."""
import os
import signal

from wrapping import PYTHON, World

# Saves one.txt, then two.txt, every 10 steps or when it is told.  Once, from step 40 on, it waits between the two: until it is
# ended; or, if it sleeps on, for a while.
PROGRAM = r"""
import os, pathlib, signal, sys, time
how = sys.argv[1]
asked = []
signal.signal(signal.SIGTERM, {"told": lambda *_: asked.append(1), "deaf": signal.SIG_IGN, "dies": signal.SIG_DFL}[how])
open("program.pid", "w").write(str(os.getpid()))
step = int(open("one.txt").read()) if os.path.exists("one.txt") else 0
if step and step != int(open("two.txt").read()): open("mixed.txt", "w").close()
def save():
    open("one.new", "w").write(str(step))
    os.rename("one.new", "one.txt")
    if step >= 40 and not os.path.exists("been-there"):
        open("been-there", "w").close()
        if os.path.exists("sleeps-on"): time.sleep(0.4)
        else:
            while True: time.sleep(3600)
    open("two.new", "w").write(str(step))
    os.rename("two.new", "two.txt")
    if step == 40 and os.path.exists("sleeps-on"): time.sleep(3)
while step < 100:
    step += 1
    open("log.txt", "a").write(f"{step}\n")
    time.sleep(0.01)
    # Whoever is to tell it may be slow.
    rests = step == 20 and not os.path.exists("one.txt") or step == 60 and not os.path.exists("been-there")
    while how == "told" and rests and not asked: time.sleep(0.005)
    if how != "told" and step % 10 == 0: save()
    if asked:
        save()
        sys.exit(0)
open("result.txt", "w").write("done\n")
"""
OPTIONS = ["--checkpoint-files", "one.txt,two.txt", "--rollback", "log.txt", "--finished-when", "result.txt", "--every", "1h"]


class TwoFiles(World):
    def new_folder(self):
        folder = super().new_folder()
        (folder / "program.py").write_text(PROGRAM)
        return folder

    def is_between(self):
        return (self.folder / "been-there").exists()

    def kill_program(self):
        os.kill(int(self.read("program.pid")), signal.SIGKILL)

    def expect_good(self):
        assert not (self.folder / "mixed.txt").exists(), "files of two saves were taken together"
        assert self.lines("log.txt") == [str(i) for i in range(1, 101)], self.lines("log.txt")


def program(how):
    return [PYTHON, "-B", "program.py", how]


def first_checkpoint(world, command, options):
    process = world.start(*options, program=command)
    world.wait_for_lines("log.txt", 15)
    process.terminate()
    world.finish(process, 77)


# The system kills it (no memory left) while it saves because it was told to; then the shell that has started it says so.
for shell in False, True:
    with TwoFiles() as world:
        command = ["/bin/sh", "-c", "python=$1; shift; trap : TERM; $python \"$@\"; exit", "sh", *program("told")] if shell else program("told")
        options = [*OPTIONS, "--signal-group"] if shell else OPTIONS
        first_checkpoint(world, command, options)
        process = world.start(*options, program=command)
        world.wait_for_lines("log.txt", 45)
        process.terminate()
        world.wait_for(world.is_between, "one of two files")
        world.kill_program()
        finished = world.finish(process, -15)
        assert "cut it off" in finished.err and "gen-000002.cairn" not in world.generations(), finished.err
        world.to_the_end(*options, program=command)
        world.expect_good()

# It does not heed the signal, and would die of it just there; it is frozen just there; it is deaf, and killed just there.
for how, options in (("dies", ["--settle", "1s"]), ("dies", ["--freeze", "--settle", "1s"]),
                     ("deaf", ["--settle", "1s", "--grace", "300ms"])):
    with TwoFiles() as world:
        options = [*OPTIONS, *options]
        (world.folder / "sleeps-on").touch()
        process = world.start(*options, program=program(how))
        world.wait_for(world.is_between, "one of two files")
        process.terminate()
        finished = world.finish(process)
        code = finished.code
        assert ("does not heed" in finished.err) == (how == "dies" and "--freeze" not in options), finished.err
        assert code in (77, -15) and world.is_between(), code
        world.to_the_end(*options, program=program(how))
        world.expect_good()
