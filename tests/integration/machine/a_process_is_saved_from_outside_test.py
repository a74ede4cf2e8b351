"""`cairn wrap --transparent` with CRIU: programs that save nothing are cut off, moved and killed, and give the same result."""
import os
import pathlib
import pty
import random
import shutil
import subprocess
import tempfile

import machine

machine.within()

from clause import PATIENCE, SIGTERM, World, contains, equal, wait_for

WRAP = os.environ["CAIRN_WRAP_PROGRAM"]
PYTHON = "/usr/bin/python3"

# Appends to a file that stays open, one that it opens now and then, and stdout; talks to a child by pipes; reads its input
# bit by bit; starts more and more processes; and has a temporary file without a name.
PROGRAM = r'''#!/usr/bin/python3
import os, subprocess, sys, tempfile, time
steps, pause = int(sys.argv[1]), float(sys.argv[2])
child = subprocess.Popen(["/bin/sh", "-c", "while read x; do echo $((x * 2)); done"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
others = []
log = open("log.txt", "a")
numbers = open("numbers.txt")
scratch = tempfile.TemporaryFile("w+", dir=".")
total = 0
for step in range(1, steps + 1):
    child.stdin.write(f"{step}\n")
    total = (total * 31 + int(child.stdout.readline()) + int(numbers.readline())) % 1000000007
    log.write(f"{step} {total}\n"); log.flush()
    scratch.write(f"{total}\n"); scratch.flush()
    if step % 10 == 0:
        with open("tens.txt", "a") as tens: tens.write(f"{step}\n")
    if step % 25 == 0: others.append(subprocess.Popen(["/bin/sleep", "1000"]))
    print(f"step {step}", flush=True)
    if step in map(int, sys.argv[3:]):
        open(f"reached-{step}", "w").close()
    time.sleep(pause)
scratch.seek(0)
open("result.txt", "w").write(f"{total} {len(scratch.read().splitlines())} {os.getpid() == os.getsid(0)}\n")
child.stdin.close()
for other in others: other.kill()
assert [other.wait() for other in others] == [-9] * len(others)
sys.exit(3)
'''
OUTPUTS = ("log.txt", "tens.txt", "result.txt")
root = pathlib.Path(tempfile.mkdtemp())
counter = iter(range(1000))


def folder(steps=200):
    place = root / f"place-{next(counter)}"
    place.mkdir()
    (place / "program.py").write_text(PROGRAM)
    (place / "numbers.txt").write_text("".join(f"{number * 7}\n" for number in range(steps + 1)))
    return place


def outputs(place):
    return [(place / name).read_text() for name in OUTPUTS]


def wrap(place, *arguments, options=("--quiet",), **more):
    more = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, **more}
    return subprocess.Popen([WRAP, "--transparent", *options, "--", *map(str, arguments)], cwd=place, text=True, **more)


def run(place, *arguments, status=None, **more):
    process = wrap(place, *arguments, **more)
    _, said = process.communicate(timeout=PATIENCE)
    assert status is None or process.returncode == status, (process.returncode, said)
    return process.returncode, said


plain = folder()
with open(plain / "out", "w") as out:
    equal(subprocess.run([PYTHON, "program.py", "200", "0"], cwd=plain, stdout=out, start_new_session=True).returncode, 3)
expected = outputs(plain)

# ---- ended every now and then, and moved to a folder of another name that has nothing but the checkpoint
command = (PYTHON, "program.py", 200, 0.02)
place, moves = folder(), 0
shown = root / "shown"
while True:
    with open(shown, "a") as out:
        status, said = run(place, *command, options=("--quiet", *(("--every", "1s") if moves < 3 else ())), stdout=out)
    equal(said, "")
    if status != 77:
        break
    equal((place / "cairn.images").exists(), False)
    before, place, moves = place, folder(), moves + 1
    shutil.copytree(before / "wrap.ckpt", place / "wrap.ckpt")
    shutil.rmtree(before)
equal(status, 3)  # the program's own
equal(outputs(place), expected)
equal(shown.read_text(), (plain / "out").read_text())
assert moves >= 1, moves

# ---- killed at any moment, in place: nothing of it runs on, and it goes on from its last checkpoint
seed = int(os.environ.get("CAIRN_SEED", random.randrange(1 << 30)))
print(f"seed={seed}")
chance = random.Random(seed)
place, kills, status = folder(), 0, 77
while status == 77:
    process = wrap(place, *command, options=("--quiet", *(("--every", "1s") if kills < 3 else ())))
    try:
        _, said = process.communicate(timeout=chance.uniform(1, 9) if kills < 3 else PATIENCE)
        equal(said, "")
        status = process.returncode
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        kills += 1
        wait_for(lambda: not subprocess.run(["pgrep", "-f", "program.py"], stdout=subprocess.DEVNULL).returncode == 0, "the end of all")
equal((status, outputs(place)), (3, expected))

# ---- as a job that is evicted: another sandbox each time, the signal in the middle of anything, stdout as the contract has it
with World() as world:
    for name in ("program.py", "numbers.txt"):
        shutil.copy(plain / name, world.folder)
    (world.folder / "program.py").chmod(0o755)
    world.write("job.sub", "\n".join([
        "executable = program.py", "arguments = 200 0.02 60 120", "transfer_input_files = numbers.txt", "should_transfer_files = YES", f"transfer_output_files = {', '.join(OUTPUTS)}",
        "output = job.out", "error = job.err", "log = job.log", "queue", ""]))
    world.cairn("submit", "--wrap", "--transparent --quiet", "--dry-run", "job.sub")
    world.cairn("submit", "job.wrapped.sub")
    for step, number in ((60, 1), (120, 2)):
        wait_for(lambda: any((sandbox / f"reached-{step}").exists() for sandbox in world.sandboxes()), f"step {step}")
        world.cairn("vacate", "1.0")
        wait_for(lambda: [sandbox.name for sandbox in world.sandboxes()] == [f"sandbox-{number + 1:04}"], "another sandbox")
    world.cairn("wait", "1", status=1)  # it exits with 3
    equal([world.read(name) for name in OUTPUTS], expected)
    equal(world.read("job.out"), (plain / "out").read_text())
    equal(sum(number == "004" for number, _, _ in world.log()), 2)

# ---- through a pipe
place = folder()
process = wrap(place, *command, 30, stdout=subprocess.PIPE)
wait_for(lambda: (place / "reached-30").exists(), "step 30")
process.send_signal(SIGTERM)
first, said = process.communicate(timeout=PATIENCE)
equal((process.returncode, said), (77, ""))
process = wrap(place, *command, 30, stdout=subprocess.PIPE)
second, said = process.communicate(timeout=PATIENCE)
equal((process.returncode, said), (3, ""))
equal(first + second, (plain / "out").read_text())

# ---- what cannot be saved is said: a process that has left the program runs on, and the program with it
place = folder()
(place / "leaves.sh").write_text("(setsid sleep 1000 &)\nsleep 6\n: > done\n")
status, said = run(place, "/bin/sh", "leaves.sh", options=("--every", "2s"))
contains(said, "was started by the program and has left it; it runs on")
equal((status, (place / "done").exists()), (0, True))

(place / "outside.sh").write_text(f"exec 5>>{root}/outside\nsleep 6\n: > finished\n")
status, said = run(place, "/bin/sh", "outside.sh", options=("--every", "2s", "--folder", "other.ckpt"))
contains(said, f"{root}/outside is open for writing, and would not be kept: only files in the working folder are; it runs on")
equal((status, (place / "finished").exists()), (0, True))

# An input that was changed since, which no checkpoint has.
place = folder()
process = wrap(place, *command, 30)
wait_for(lambda: (place / "reached-30").exists(), "step 30")
process.send_signal(SIGTERM)
equal(process.wait(), 77)
process.stderr.close()
(place / "numbers.txt").write_text("1\n" * 1000)
status, said = run(place, *command, 30)
equal(status, 125)
contains(said, "numbers.txt was changed after the newest checkpoint, which does not have it")

# No root, a terminal, a pipe.
place = folder()
place.chmod(0o777)
root.chmod(0o755)
status, said = run(place, "/bin/true", user=65534)
equal(status, 125)
contains(said, "only root may save processes from outside")
ours, theirs = pty.openpty()
status, said = run(folder(), "/bin/true", stdout=theirs)
equal(status, 125)
contains(said, "its standard stream 1 is a terminal, which cannot be saved: send it to a file or through a pipe")

status, said = run(folder(), "/bin/true", stdin=subprocess.PIPE)
equal(status, 125)
contains(said, "its standard input is a pipe, which cannot be read twice: give it a file")

# ---- the canary: CRIU as it is, without a place of its own
place = folder()
naive = ["--checkpoint-files", "cairn.images", "--stop-command", "mkdir -p cairn.images; exec criu dump -t {pid} -D cairn.images",
         "--resume-command", "criu restore -D cairn.images", "--every", "2s", "--saved-codes", "137", "--quiet"]  # criu kills what it has saved
process = subprocess.Popen([WRAP, *naive, "--", *map(str, command)], cwd=place, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
equal(process.wait(), 77)
moved = folder()
shutil.move(place / "wrap.ckpt", moved)
shutil.rmtree(place)
process = subprocess.run([WRAP, *naive, "--", *map(str, command)], cwd=moved, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)
assert not (moved / "result.txt").exists() or outputs(moved) != expected, "CRIU alone has done it"
