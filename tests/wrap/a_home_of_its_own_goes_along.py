"""A program that keeps its state in the home that getpwuid() names finds it in the working folder: nothing of it is in
the user's own home, and it goes along to other machines."""
import os
import subprocess
from wrapping import LOG, PYTHON, WRAP, World

PROGRAM = r"""
import os, pathlib, pwd, signal, sys, time
home = pathlib.Path(pwd.getpwuid(os.getuid()).pw_dir)
if home != pathlib.Path.cwd() / "own":
    print(f"the home is {home}")
    sys.exit(3)
assert os.environ["HOME"] == str(home)
asked = []
signal.signal(signal.SIGTERM, lambda *_: asked.append(1))
state = home / ".counter" / "state"
state.parent.mkdir(exist_ok=True)
step = begun = int(state.read_text()) if state.exists() else 0
assert step > 0 or "--resume" not in sys.argv, "the state is lost"
while step < 200 and not asked:
    step += 1
    with open("log.txt", "a") as log: log.write(f"{step}\n")
    time.sleep(0.004)
    while step in (60, 120) and begun < step and not asked: time.sleep(0.01)  # so often it is ended
state.write_text(str(step))
if step == 200: open("result.txt", "w").write("200\n")
"""
OPTIONS = ["--checkpoint-files", "own/.counter/state", "--resume-args", "--resume", "--finished-when", "result.txt", *LOG, "--every", "150ms"]
OWN = ["--private-home", "own"]


class Home(World):
    def new_folder(self):
        folder = super().new_folder()
        (folder / "program.py").write_text(PROGRAM)
        return folder


program = [PYTHON, "-B", "program.py"]
with Home() as world:
    assert world.to_the_end(*OPTIONS, *OWN, program=program, moving=["log.txt"]) > 1
    world.expect_log()
    assert sorted(path.name for path in (world.folder / "own").iterdir()) == [".counter"], "something else was left there"

# The canary: without it, it is the user's home.
with Home() as world:
    assert "the home is" in world.wrap(*OPTIONS, program=program, code=3).out

# For others the home is as it was, also while the program runs; and a user who is no root can have one, too.
show = ["sh", "-c", "getent passwd $(id -u)"]
before = subprocess.run(show, capture_output=True, text=True, check=False).stdout
with Home() as world:
    running = world.start(*OPTIONS, *OWN, program=program)
    world.wait_for_lines("log.txt", 1)
    assert subprocess.run(show, capture_output=True, text=True, check=False).stdout == before
    world.finish(running, 77)
if os.getuid() == 0:
    with Home() as world:
        world.root.chmod(0o755)
        world.folder.chmod(0o777)
        done = subprocess.run(["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", WRAP, *OPTIONS, *OWN, "--", *program],
                              cwd=world.folder, capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 77, done.stderr

# Where it cannot be had the program is not run.
with Home() as world:
    nowhere = "echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all \"$@\""
    done = subprocess.run(["unshare", "--user", "--map-root-user", "sh", "-c", nowhere, "sh", WRAP, *OPTIONS, *OWN, "--", *program],
                          cwd=world.folder, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 126 and "no home of its own can be given" in done.stderr, (done.returncode, done.stderr)
    assert not (world.folder / "log.txt").exists()
