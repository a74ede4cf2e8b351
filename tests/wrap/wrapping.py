"""What the tests of `cairn wrap` stand on: a folder with a program that knows nothing of the contract.

counter.py counts from 1 to N: a line of log.txt for each step, and at the end their sum in result.txt.  How it saves,
what it does on signals, and how it misbehaves is said by its arguments.  Nothing here waits for a time: wait_for()
waits for a condition.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

WRAP = os.environ["CAIRN_WRAP_PROGRAM"]
PATIENCE = int(os.environ.get("CAIRN_WRAP_PATIENCE", "120"))  # seconds after which a condition will never come true
PYTHON = "/usr/bin/python3"

COUNTER = r'''
import os, signal, sys, time
def option(name, default=None):
    for word in sys.argv[2:]:
        if word == "--" + name: return True
        if word.startswith("--" + name + "="): return word.split("=", 1)[1]
    return default
steps = int(sys.argv[1])
pause = float(option("pause", "0.004"))
step = total = 0
if option("resume"):
    words = open("state.txt").read().split()
    assert len(words) == 3 and words[2] == "end", f"torn: {words}"
    step, total = int(words[0]), int(words[1])
begun = step
def save():
    half = f"{step} {total} "
    if option("save") == "slowly":       # in place, in two halves
        with open("state.txt", "w") as f:
            f.write(half); f.flush(); time.sleep(float(option("half", "0.02"))); f.write("end\n")
    elif option("save") == "empty":
        open("state.txt", "w").close()
    elif option("save") == "never":
        pass
    else:
        with open("state.new", "w") as f: f.write(half + "end\n")
        os.rename("state.new", "state.txt")
asked = []
def note(number, frame):
    open("signals.txt", "a").write(signal.Signals(number).name + "\n")
    asked.append(number)
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP):
    signal.signal(number, note)
open("starts.txt", "a").write(f"{step} {' '.join(sys.argv[1:])}\n")  # one that is told to end before dies of it
if option("child"):
    import subprocess
    subprocess.Popen([sys.executable, "child.py"])
if option("daemon"):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            open("daemon.pid", "w").write(str(os.getpid()))
            while True: time.sleep(3600)
        os._exit(0)
while step < steps:
    step += 1
    total += step * step
    with open("log.txt", "a") as f: f.write(f"{step}\n")
    time.sleep(pause)
    every = int(option("save-every", "0"))
    if every and step % every == 0: save()
    if option("limit") and step % int(option("limit")) == 0 and step < steps:
        save(); sys.exit(0)
    if step - begun == int(option("limit-unsaved", "0")) != 0 and step < steps: sys.exit(0)
    if option("crash-at") == str(step): os.abort()
    # So far it comes only if it has begun there: it is ended as often as that, however fast it is.
    while str(step) in option("rest-at", "").split(",") and begun < step and not asked and not os.path.exists("STOP"): time.sleep(0.01)
    if option("hang-at") == str(step) and not os.path.exists("hung"):
        open("hung", "w").close()
        while True: time.sleep(3600)
    if os.path.exists("STOP") or (asked and not option("deaf")):
        if not option("save-on") == "nothing": save()
        sys.exit(int(option("code", "0")))
open("result.txt", "w").write(f"{total}\n")
print("finished", flush=True)
'''

CHILD = '''
import signal, time
signal.signal(signal.SIGTERM, lambda n, f: open("child-signals.txt", "a").write("SIGTERM\\n"))
open("child-runs", "w").close()
while True: time.sleep(3600)
'''


class Finished:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err


class World:
    def __init__(self, steps=200):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="cairn-wrap-"))
        self.steps = steps
        self.number = 0
        self.folder = self.new_folder()
        self.started = []

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.wait()
        if kind is None:
            shutil.rmtree(self.root, ignore_errors=True)
        else:
            print(f"left for a look: {self.root}")

    def new_folder(self):
        self.number += 1
        folder = self.root / f"sandbox-{self.number}"
        folder.mkdir()
        (folder / "counter.py").write_text(COUNTER)
        (folder / "child.py").write_text(CHILD)
        return folder

    def move(self, *files):
        """To another machine, with what was transferred alone."""
        old, self.folder = self.folder, self.new_folder()
        for name in ("wrap.ckpt", *files):
            if (old / name).is_dir():
                shutil.copytree(old / name, self.folder / name)
            elif (old / name).exists():
                shutil.copy(old / name, self.folder / name)

    def start(self, *options, program=None, counter=(), environment=None):
        command = program or [PYTHON, "-B", "counter.py", self.steps, *counter]
        process = subprocess.Popen([WRAP, *map(str, options), "--", *map(str, command)], cwd=self.folder,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env={**os.environ, **(environment or {})})
        self.started.append(process)
        return process

    def finish(self, process, code=None):
        out, err = process.communicate(timeout=PATIENCE)
        assert code is None or process.returncode == code, \
            f"exit status {process.returncode}, expected {code}\n--- stdout\n{out}--- stderr\n{err}"
        return Finished(process.returncode, out, err)

    def wrap(self, *options, code=None, **more):
        return self.finish(self.start(*options, **more), code)

    def to_the_end(self, *options, moving=None, code=0, **more):
        """As a system does that knows the contract; moving: to a new machine each time, with these files besides.
        The number of checkpoint exits."""
        restarts = 0
        while (finished := self.wrap(*options, **more)).code == 77:
            restarts += 1
            if moving is not None:
                self.move(*moving)
            assert restarts < 1000, "it never ends"
        assert finished.code == code, f"exit status {finished.code}\n{finished.out}{finished.err}"
        return restarts

    # ---- look

    def read(self, name):
        try:
            return (self.folder / name).read_text()
        except FileNotFoundError:  # not yet, or put back just now
            return ""

    def lines(self, name):
        return self.read(name).splitlines()

    def generations(self):
        return sorted(path.name for path in (self.folder / "wrap.ckpt").glob("gen-*.cairn"))

    def expect_result(self):
        wanted = sum(i * i for i in range(1, self.steps + 1))
        assert self.read("result.txt") == f"{wanted}\n", f"result {self.read('result.txt')!r}, expected {wanted}"

    def expect_log(self):
        assert self.lines("log.txt") == [str(i) for i in range(1, self.steps + 1)], \
            f"log.txt has lines twice, or not at all: {self.lines('log.txt')}"

    def wait_for(self, condition, what):
        wait_for(condition, what)

    def wait_for_lines(self, name, count):
        wait_for(lambda: len(self.lines(name)) >= count, f"{count} lines in {name}")


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"never came: {what}"
        time.sleep(0.005)


def alive(pid):
    try:
        return "\nState:\tZ" not in pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


STATE = ["--checkpoint-files", "state.txt", "--resume-args", "--resume", "--finished-when", "result.txt"]
LOG = ["--rollback", "log.txt"]
