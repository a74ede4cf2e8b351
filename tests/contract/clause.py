"""What the clauses of the contract stand on: a folder with a home and a submit file, and `cairn run` in it.

A clause is a script: set up, act, expect.  It fails by an AssertionError that says what was
expected.  Nothing here waits for a time: wait_for() waits for a condition.
"""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time

CAIRN = os.environ["CAIRN"]  # the program under test
PATIENCE = int(os.environ.get("CAIRN_PATIENCE", "60"))  # seconds after which a condition will never come true

# Every job may stop at a gate: it says that it is there, and goes on when the clause opens it.
PRELUDE = """#!/bin/sh
gate() { : > "$GATES/$1.reached"; while [ ! -e "$GATES/$1.open" ]; do sleep 0.02; done; }
note() { echo "$*" >> "$GATES/notes"; }
step=0; [ -f state ] && step=$(cat state)
save() { echo "$1" > state.new && mv state.new state; }
"""

DEFAULTS = {
    "executable": "job.sh",
    "checkpoint_exit_code": "77",
    "transfer_checkpoint_files": "state",
    "transfer_output_files": "result",
    "should_transfer_files": "YES",
    "when_to_transfer_output": "ON_EXIT",
    "output": "job.out",
    "error": "job.err",
    "log": "job.log",
}


def remove_all(folder):
    """Also while the last process is at its end, and removes files, too."""
    shutil.rmtree(folder, onerror=lambda call, path, why: None if why[0] is FileNotFoundError else raise_again(why))


def raise_again(why):
    raise why[1]


class World:
    def __init__(self, root=None):
        self.root = root or pathlib.Path(tempfile.mkdtemp(prefix="cairn-contract-"))
        self.folder = self.root / "submit"
        self.gates = self.root / "gates"
        self.home = self.root / "home"
        for each in (self.folder, self.gates):
            each.mkdir(parents=True)
        self.started = []

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.wait()
        self.kill_engine()
        if kind is None:
            wait_for(lambda: not self.left_over(), "the end of the starters", self.left_over)
            remove_all(self.root)
        else:
            print(f"left for a look: {self.root}")

    # ---- set up

    def write(self, name, text, mode=0o644):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def job(self, body, queue="queue", **commands):
        """The job's program (sh, after PRELUDE) and its submit file; None leaves a command out."""
        self.write("job.sh", PRELUDE + body, 0o755)
        settings = {**DEFAULTS, "environment": f'"GATES={self.gates}"', **commands}
        lines = [f"{name} = {value}" for name, value in settings.items() if value is not None]
        self.write("job.sub", "\n".join([*lines, queue, ""]))

    # ---- act

    def environment(self):
        return {**os.environ, "CAIRN_HOME": str(self.home)}

    def start(self, *arguments, program=CAIRN, stdin=None):
        process = subprocess.Popen([program, *map(str, arguments)], cwd=self.folder, text=True,
                                   env=self.environment(), stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if stdin is not None:
            process.stdin.write(stdin)
            process.stdin.close()
            process.stdin = None
        self.started.append(process)
        return process

    def finish(self, process, status=0):
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == status, \
            f"exit status {process.returncode}, expected {status}\n--- stdout\n{out}--- stderr\n{err}"
        return Finished(out, err)

    def cairn(self, *arguments, status=0):
        return self.finish(self.start(*arguments), status)

    def run(self, *arguments, status=0):
        return self.cairn("run", "job.sub", *arguments, status=status)

    def kill(self, process):
        """kill -9 of `cairn run` itself."""
        process.kill()
        process.communicate()

    def kill_engine(self):
        """kill -9 of the background engine, if there is one: it may end by itself meanwhile."""
        if pid := self.engine():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            wait_for(lambda: not alive(pid), "the end of the engine")

    def left_over(self):
        """Engines and starters that are not through: until then they write into the home."""
        mine = f"CAIRN_HOME={self.root}/".encode()
        return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc")))
                if any(entry.startswith(mine) for entry in environment_of(pid))]

    def open_gate(self, name):
        (self.gates / f"{name}.open").touch()

    def wait_for_gate(self, name):
        wait_for(lambda: (self.gates / f"{name}.reached").exists(), f"the job at gate {name}")

    def evict_at_gate(self, name, contract="cairn", how="soft"):
        """Runs the job in the background, and makes it leave where it waits at the gate."""
        self.cairn("engine", "--contract", contract)
        self.cairn("submit", "job.sub")
        self.wait_for_gate(name)
        self.cairn("vacate", "1", *(["--fast"] if how == "fast" else []))

    def wait_for_checkpoint(self, number, job="1.0"):
        """Until it is durable: the program runs again before that."""
        cluster, proc = job.split(".")
        newest = f"SELECT last_checkpoint FROM jobs WHERE cluster={cluster} AND proc={proc}"
        wait_for(lambda: self.query(newest) == [(number,)], f"checkpoint {number} of {job}")

    # ---- look

    def read(self, name):
        return (self.folder / name).read_text()

    def notes(self):
        path = self.gates / "notes"
        return path.read_text().splitlines() if path.exists() else []

    def job_folder(self, job="1.0"):
        return self.home / job

    def spool(self, job="1.0"):
        return self.job_folder(job) / "spool"

    def engine(self):
        """The pid of the background engine, None while there is none."""
        try:
            found = re.match(r"pid (\d+) ", (self.home / "engine" / "lock").read_text())
        except FileNotFoundError:
            return None
        return int(found[1]) if found and alive(int(found[1])) else None

    def checkpoints(self, job="1.0"):
        spool = self.spool(job)
        return sorted(p.name for p in spool.iterdir()) if spool.exists() else []

    def sandboxes(self, job="1.0"):
        return sorted(p for p in self.job_folder(job).glob("sandbox-????") if p.is_dir())

    def query(self, sql):
        database = sqlite3.connect(f"file:{self.home}/queue.sqlite?mode=ro", uri=True, timeout=10)
        try:
            return database.execute(sql).fetchall()
        finally:
            database.close()

    def state(self, job="1.0"):
        cluster, proc = job.split(".")
        return self.query(f"SELECT state FROM jobs WHERE cluster={cluster} AND proc={proc}")[0][0]

    def hold(self, job="1.0"):
        """(code, subcode, reason)"""
        cluster, proc = job.split(".")
        return self.query("SELECT hold_code, hold_subcode, hold_reason FROM jobs "
                          f"WHERE cluster={cluster} AND proc={proc}")[0]

    def log(self, name="job.log"):
        """As it is between two writes: one may be seen in its middle."""
        return events_of(wait_for(lambda: text if (text := self.read(name)).endswith("...\n") else None,
                                  "the whole of the last event"))


class Finished:
    def __init__(self, out, err):
        self.out = out
        self.err = err


def events_of(text):
    """[(number, headline, body)] of a job event log."""
    assert text.endswith("...\n"), "the log ends in the middle of an event"
    events = []
    for event in text.split("\n...\n")[:-1]:
        head, _, body = event.partition("\n")
        match = re.fullmatch(r"(\d{3}) \(\d{3,}\.\d{3}\.\d{3}\) \d{4}-\d\d-\d\d \d\d:\d\d:\d\d (.*)", head)
        assert match, f"not an event: {head!r}"
        events.append((match[1], match[2], body))
    return events


def wait_for(condition, what, details=lambda: "", patience=PATIENCE, pause=0.005):
    deadline = time.monotonic() + patience
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what} {details()}"
        time.sleep(pause)
    return value


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def environment_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:  # it has ended, or is another user's
        return []


def children_of(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_stopped(pid):
    """With all its threads."""
    return all(stat.read_text().rsplit(")", 1)[1].split()[0] == "T" for stat in pathlib.Path(f"/proc/{pid}/task").glob("*/stat"))


def stop_when(condition, pid):
    """Lets a process run for a moment at a time, and leaves it stopped where `condition` has come true; False: it ended before."""
    try:
        while True:
            os.kill(pid, signal.SIGSTOP)
            wait_for(lambda: not alive(pid) or is_stopped(pid), f"process {pid} to stop")
            if not alive(pid) or condition():
                return alive(pid)
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.001)
    except (FileNotFoundError, ProcessLookupError):
        return False


def parent_of(pid):
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def equal(actual, expected):
    assert actual == expected, f"\n  expected {expected!r}\n  but it is {actual!r}"


def contains(text, part):
    assert part in text, f"\n  expected to find {part!r}\n  in {text!r}"


SIGKILL, SIGINT, SIGTERM = signal.SIGKILL, signal.SIGINT, signal.SIGTERM
