"""The storm over the background engine: jobs that were submitted end as if nothing had happened, whoever is killed meanwhile.

    engine_storm.py --cairn CAIRN --library LIBCAIRN --program SWEEP --kills N [--seed N]

Programs, starters and the engine are killed at random (seeded) moments, jobs are vacated, and now and then the queue's file is deleted with the engine and
built anew.  When N blows have fallen the jobs are left alone; each result must equal, byte for byte, that of the program run undisturbed, and no process
and no sandbox be left.  Jobs that all end before are judged, and submitted anew.
"""
import argparse
import json
import os
import pathlib
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

from kill_storm import is_starter, marked, never_fell

JOBS = 3
ARGUMENTS = ["0", "9000"]
PATIENCE = 300
SUBMIT = """executable = {program}
arguments = {arguments}
transfer_input_files = {library}
checkpoint_exit_code = 77
transfer_checkpoint_files = state.ckpt, results.csv
transfer_output_files = results.csv
transfer_output_remaps = "results.csv = results-$(Process).csv"
should_transfer_files = YES
max_retries = 3
request_memory = 16
request_disk = 1
log = storm.log
queue {jobs}
"""


class Storm:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.home = folder / "home"
        self.random = random.Random(options.seed)
        self.fallen = {"program": 0, "starter": 0, "engine": 0, "both": 0, "vacate": 0, "queue": 0}
        self.weights = [5, 3, 4, 2, 2, 1]
        self.cluster = 0

    def cairn(self, *arguments, may_fail=False):
        done = subprocess.run([self.options.cairn, *arguments], cwd=self.folder, env=dict(os.environ, CAIRN_HOME=str(self.home)),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE)
        assert may_fail or done.returncode == 0, f"cairn {' '.join(arguments)}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def prepare(self):
        undisturbed = self.folder / "undisturbed"
        undisturbed.mkdir()
        subprocess.run([self.options.program] + ARGUMENTS, cwd=undisturbed, check=True)
        self.expected = (undisturbed / "results.csv").read_bytes()
        assert self.expected.count(b"\n") > 50
        (self.folder / "storm.sub").write_text(SUBMIT.format(program=self.options.program, library=self.options.library,
                                                             arguments=" ".join(ARGUMENTS), jobs=JOBS))

    def engine(self):
        try:
            found = re.match(r"pid (\d+) ", (self.home / "engine/lock").read_text())
        except FileNotFoundError:
            return None
        return int(found[1]) if found and int(found[1]) in marked(self.home) else None

    def states(self):
        database = sqlite3.connect(f"file:{self.home}/queue.sqlite?mode=ro", uri=True, timeout=30)
        try:
            return dict(database.execute("SELECT proc, state FROM jobs WHERE cluster = ?", (self.cluster,)))
        finally:
            database.close()

    def blow(self):
        kind = self.random.choices(list(self.fallen), weights=self.weights)[0]
        engine = self.engine()
        processes = marked(self.home)
        starters = sorted(pid for pid, command in processes.items() if is_starter(command))
        programs = sorted(pid for pid in processes if pid not in starters and pid != engine)
        if kind == "vacate":
            self.cairn("vacate", f"{self.cluster}.{self.random.randrange(JOBS)}", *self.random.choice([[], ["--fast"]]), may_fail=True)
        else:
            pick = lambda pids: [self.random.choice(pids)] if pids else []
            victims = {"program": pick(programs), "starter": pick(starters), "both": pick(programs) + [engine]}.get(kind, [engine])
            for pid in filter(None, victims):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    return
            if not any(victims):
                return
            if engine in victims:
                while self.engine():
                    time.sleep(0.005)
        if kind == "queue":
            for file in self.home.glob("queue.sqlite*"):
                file.unlink()
            self.cairn("queue", "--rebuild")
        self.fallen[kind] += 1

    def round(self):
        """One cluster from start to end; what is wrong, or nothing."""
        for file in self.folder.glob("results-*.csv"):
            file.unlink()
        self.cluster = json.loads(self.cairn("submit", "storm.sub", "--json"))["cluster"]
        left_alone_at = None
        while True:
            states = self.states()
            if set(states.values()) == {"completed"} and len(states) == JOBS:
                return self.judge()
            if "held" in states.values():
                return f"a job is held: {self.cairn('queue', '--held', '-af', 'HoldReason')}"
            if not self.engine():
                self.cairn("engine", "--slots", str(JOBS))
            if sum(self.fallen.values()) < self.options.kills:
                time.sleep(self.random.uniform(0.02, self.options.gap))
                self.blow()
                continue
            left_alone_at = left_alone_at or time.monotonic()
            if time.monotonic() - left_alone_at > PATIENCE:
                return f"the jobs do not end though nobody disturbs them: {states}"
            time.sleep(0.05)

    def judge(self):
        for proc in range(JOBS):
            if (self.folder / f"results-{proc}.csv").read_bytes() != self.expected:
                return f"results-{proc}.csv differs from that of an undisturbed run"
        deadline = time.monotonic() + PATIENCE
        while left := [pid for pid in marked(self.home) if pid != self.engine()] + list(self.home.glob("*.*/sandbox*")):
            if time.monotonic() > deadline:
                return f"processes and sandboxes are left: {left}"
            time.sleep(0.05)
        if left := list(self.folder.glob(".cairn-part-*")):
            return f"parts are left: {left}"
        return None

    def run(self):
        self.prepare()
        while sum(self.fallen.values()) < self.options.kills:
            if wrong := self.round():
                return wrong
        return never_fell(self.fallen)

    def end(self):
        while engine := self.engine():
            os.kill(engine, signal.SIGKILL)
            time.sleep(0.01)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--cairn", "--library", "--program"):
        parser.add_argument(name, required=True)
    parser.add_argument("--kills", type=int, required=True)
    parser.add_argument("--gap", type=float, default=0.7, help="longest seconds between blows")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("CAIRN_SEED", random.randrange(10**6))))
    options = parser.parse_args()
    print(f"seed={options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        storm = Storm(options, pathlib.Path(folder))
        started = time.monotonic()
        try:
            wrong = storm.run()
        finally:
            storm.end()
        print(f"{storm.fallen} in {time.monotonic() - started:.0f} s: {wrong or 'as if nothing had happened'}")
        if wrong:
            print("\n".join((storm.home / "engine/log").read_text(errors="replace").splitlines()[-40:]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
