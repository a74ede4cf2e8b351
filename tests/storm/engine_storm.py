"""The storm over the background engine: jobs that were submitted end as if nothing had happened, whoever is killed meanwhile.

    engine_storm.py --cairn CAIRN --library LIBCAIRN --program SWEEP --kills N [--seed N]

Programs, starters and the engine are killed at random (seeded) moments, jobs are vacated, and now and then the queue's file is deleted with the engine and
built anew.  When N blows have fallen the jobs are left alone; each result must equal, byte for byte, that of the program run undisturbed, and no process
and no sandbox be left.  Jobs that all end before are judged, and submitted anew.
"""
import json
import os
import re
import signal
import sqlite3
import subprocess
import time

import storm
from storm import is_starter, marked

JOBS = 3
ARGUMENTS = ["0", "9000"]
PATIENCE = 300
QUEUE = f"""transfer_output_remaps = "results.csv = results-$(Process).csv"
request_memory = 16
request_disk = 1
queue {JOBS}
"""


class EngineStorm(storm.Storm):
    def __init__(self, options, folder):
        super().__init__(options, folder,
                         {"program": 5, "starter": 3, "engine": 4, "both": 2, "vacate": 2, "queue": 1})
        self.cluster = 0

    def cairn(self, *arguments, may_fail=False):
        done = subprocess.run([self.options.cairn, *arguments], cwd=self.folder, env=dict(os.environ, CAIRN_HOME=str(self.home)),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
        assert may_fail or done.returncode == 0, f"cairn {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

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
        kind = self.choose()
        engine = self.engine()
        processes = marked(self.home)
        starters = [pid for pid, command in processes.items() if is_starter(command)]
        programs = [pid for pid in processes if pid not in starters and pid != engine]
        if kind == "vacate":
            self.cairn("vacate", f"{self.cluster}.{self.random.randrange(JOBS)}", *self.random.choice([[], ["--fast"]]), may_fail=True)
        else:
            victims = {"program": self.one_of(programs), "starter": self.one_of(starters),
                       "both": self.one_of(programs) + [engine]}.get(kind, [engine])
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
            if self.blows() < self.options.kills:
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
        self.prepare(ARGUMENTS, QUEUE)
        while self.blows() < self.options.kills:
            if wrong := self.round():
                return wrong
        return self.never_fell()

    def end(self):
        while engine := self.engine():
            os.kill(engine, signal.SIGKILL)
            time.sleep(0.01)


if __name__ == "__main__":
    storm.main(EngineStorm, __doc__, gap=0.7, log="home/engine/log")
