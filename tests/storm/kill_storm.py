"""The kill storm: a job under random SIGKILLs of its program, of its starter and of the engine ends as if nothing had happened.

    kill_storm.py --cairn CAIRN --library LIBCAIRN --program SWEEP --kills N [--seed N]

`cairn run` is started on the sweep, and started again whenever it was killed.  Each blow falls at a random (seeded) moment.  When N blows have fallen, the
job is left alone and must end by itself; results.csv must then equal, byte for byte, that of the program run undisturbed, and no process and no sandbox be
left.  A job that ends before all blows have fallen is judged, and started anew.
"""
import os
import signal
import subprocess

import storm
from storm import is_starter, marked

ROUNDS_MAX = 50
ARGUMENTS = ["0", "16000"]


class KillStorm(storm.Storm):
    def __init__(self, options, folder):
        super().__init__(options, folder, {"program": 5, "starter": 2, "engine": 3, "both": 2})
        self.command = [options.cairn, "run", "storm.sub"]
        self.environment = dict(os.environ, CAIRN_HOME=str(self.home))

    def start(self, *more):
        log = open(self.folder / "run.log", "ab")
        return subprocess.Popen(self.command + list(more), cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def victims(self, engine, kind):
        processes = marked(self.home)
        starters = [pid for pid, command in processes.items() if is_starter(command)]
        programs = [pid for pid in processes if pid not in starters and pid != engine.pid]
        return {"program": self.one_of(programs), "starter": self.one_of(starters), "engine": [engine.pid],
                "both": self.one_of(programs) + [engine.pid]}[kind]

    def blow(self, engine):
        kind = self.choose()
        pids = self.victims(engine, kind)
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                return
        self.fallen[kind] += len(pids) > 0
        if engine.pid in pids:
            engine.wait()

    def round(self, more):
        """One job from start to end; False if it did not end as it must."""
        engine = self.start(*more)
        while True:
            blows_left = self.options.kills - self.blows()
            try:
                code = engine.wait(timeout=self.random.uniform(0.02, self.options.gap) if blows_left > 0 else 300)
            except subprocess.TimeoutExpired:
                if blows_left <= 0:
                    engine.send_signal(signal.SIGABRT)
                    engine.wait()
                    return "the job does not end though nobody disturbs it"
                self.blow(engine)
                if engine.poll() is None:
                    continue
                code = engine.returncode
            if code == 0:
                return self.judge()
            if code not in (-signal.SIGKILL, 1, 3):
                return f"cairn run ended with {code}"
            engine = self.start()

    def judge(self):
        if (self.folder / "results.csv").read_bytes() != self.expected:
            return "results.csv differs from that of an undisturbed run"
        if left := marked(self.home):
            return f"processes are left: {left}"
        if left := list(self.home.glob("*.*/sandbox*")):
            return f"sandboxes are left: {left}"
        return None

    def run(self):
        self.prepare(ARGUMENTS, "queue\n")
        for number in range(ROUNDS_MAX):
            if wrong := self.round(["--fresh"] if number else []):
                return wrong
            if self.blows() >= self.options.kills:
                return self.never_fell()
        return f"only {self.blows()} blows fell in {ROUNDS_MAX} rounds"

    def end(self):
        pass


if __name__ == "__main__":
    storm.main(KillStorm, __doc__, gap=1.0, log="run.log")
