"""The kill storm: a job under random SIGKILLs of its program, of its starter and of the engine ends as if nothing had happened.

    kill_storm.py --cairn CAIRN --library LIBCAIRN --program SWEEP --kills N [--seed N]

`cairn run` is started on the sweep, and started again whenever it was killed.  Each blow falls at a random (seeded) moment.  When N blows have fallen, the
job is left alone and must end by itself; results.csv must then equal, byte for byte, that of the program run undisturbed, and no process and no sandbox be
left.  A job that ends before all blows have fallen is judged, and started anew.
"""
import argparse
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

ROUNDS_MAX = 50
ARGUMENTS = ["0", "16000"]
SUBMIT = """executable = {program}
arguments = {arguments}
transfer_input_files = {library}
checkpoint_exit_code = 77
transfer_checkpoint_files = state.ckpt, results.csv
transfer_output_files = results.csv
should_transfer_files = YES
max_retries = 3
log = storm.log
queue
"""


def marked(home):
    """pid -> command line of each living process of the jobs below `home`."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            variables = (entry / "environ").read_bytes().split(b"\0")
            command = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if f"CAIRN_HOME={home}".encode() in variables or any(v.startswith(f"_CONDOR_SCRATCH_DIR={home}/".encode()) for v in variables):
            if command != [b""]:
                found[int(entry.name)] = command
    return found


def is_starter(command):
    return command[0].endswith(b"cairn-starter") or command[1:2] == [b"starter"]


def never_fell(fallen):
    """A storm that spares somebody says nothing of him."""
    spared = [kind for kind, blows in fallen.items() if blows == 0]
    return f"no blow fell on: {', '.join(spared)}" if spared and sum(fallen.values()) >= 50 else None


class Storm:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.home = folder / "home"
        self.random = random.Random(options.seed)
        self.fallen = {"program": 0, "starter": 0, "engine": 0, "both": 0}
        self.command = [options.cairn, "run", "storm.sub"]
        self.environment = dict(os.environ, CAIRN_HOME=str(self.home))

    def prepare(self):
        """The submit file, and what the program writes when nobody disturbs it."""
        undisturbed = self.folder / "undisturbed"
        undisturbed.mkdir()
        subprocess.run([self.options.program] + ARGUMENTS, cwd=undisturbed, check=True)
        self.expected = (undisturbed / "results.csv").read_bytes()
        assert self.expected.count(b"\n") > 100
        (self.folder / "storm.sub").write_text(SUBMIT.format(program=self.options.program, library=self.options.library, arguments=" ".join(ARGUMENTS)))

    def start(self, *more):
        log = open(self.folder / "run.log", "ab")
        return subprocess.Popen(self.command + list(more), cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def victims(self, engine, kind):
        processes = marked(self.home)
        starters = [pid for pid, command in processes.items() if is_starter(command)]
        programs = [pid for pid in processes if pid not in starters and pid != engine.pid]
        pick = lambda pids: [self.random.choice(sorted(pids))] if pids else []
        return {"program": pick(programs), "starter": pick(starters), "engine": [engine.pid],
                "both": pick(programs) + [engine.pid]}[kind]

    def blow(self, engine):
        kind = self.random.choices(list(self.fallen), weights=[5, 2, 3, 2])[0]
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
            blows_left = self.options.kills - sum(self.fallen.values())
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
        self.prepare()
        for number in range(ROUNDS_MAX):
            if wrong := self.round(["--fresh"] if number else []):
                return wrong
            if sum(self.fallen.values()) >= self.options.kills:
                return never_fell(self.fallen)
        return f"only {sum(self.fallen.values())} blows fell in {ROUNDS_MAX} rounds"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--cairn", "--library", "--program"):
        parser.add_argument(name, required=True)
    parser.add_argument("--kills", type=int, required=True)
    parser.add_argument("--gap", type=float, default=1.0, help="longest seconds between blows")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("CAIRN_SEED", random.randrange(10**6))))
    options = parser.parse_args()
    print(f"seed={options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        storm = Storm(options, pathlib.Path(folder))
        started = time.monotonic()
        wrong = storm.run()
        print(f"{storm.fallen} in {time.monotonic() - started:.0f} s: {wrong or 'as if nothing had happened'}")
        if wrong:
            print("\n".join((storm.folder / "run.log").read_text(errors="replace").splitlines()[-40:]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
