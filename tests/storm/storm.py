"""What the storms stand on: processes that are found by their marks, the result of an undisturbed run, and the frame."""
import argparse
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

SUBMIT = """executable = {program}
arguments = {arguments}
transfer_input_files = {library}
checkpoint_exit_code = 77
transfer_checkpoint_files = state.ckpt, results.csv
transfer_output_files = results.csv
should_transfer_files = YES
max_retries = 3
log = storm.log
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


class Storm:
    """weights: of what falls, and how often in proportion.  A storm adds run() and end()."""

    def __init__(self, options, folder, weights):
        self.options, self.folder, self.weights = options, folder, weights
        self.home = folder / "home"
        self.random = random.Random(options.seed)
        self.fallen = dict.fromkeys(weights, 0)

    def prepare(self, arguments, more):
        """The submit file, and what the program writes when nobody disturbs it."""
        undisturbed = self.folder / "undisturbed"
        undisturbed.mkdir()
        subprocess.run([self.options.program] + arguments, cwd=undisturbed, check=True)
        self.expected = (undisturbed / "results.csv").read_bytes()
        assert self.expected.count(b"\n") > 50
        (self.folder / "storm.sub").write_text(SUBMIT.format(program=self.options.program, library=self.options.library,
                                                             arguments=" ".join(arguments)) + more)

    def choose(self):
        return self.random.choices(list(self.weights), weights=list(self.weights.values()))[0]

    def one_of(self, pids):
        return [self.random.choice(sorted(pids))] if pids else []

    def blows(self):
        return sum(self.fallen.values())

    def never_fell(self):
        """A storm that spares somebody says nothing of him."""
        spared = [kind for kind, blows in self.fallen.items() if blows == 0]
        return f"no blow fell on: {', '.join(spared)}" if spared and self.blows() >= 50 else None


def main(make_storm, description, gap, log):
    """log: of the engine, below the storm's folder; its end is shown after a failure."""
    parser = argparse.ArgumentParser(description=description)
    for name in ("--cairn", "--library", "--program"):
        parser.add_argument(name, required=True)
    parser.add_argument("--kills", type=int, required=True)
    parser.add_argument("--gap", type=float, default=gap, help="longest seconds between blows")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("CAIRN_SEED", random.randrange(10**6))))
    options = parser.parse_args()
    print(f"seed={options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        storm = make_storm(options, pathlib.Path(folder))
        started = time.monotonic()
        try:
            wrong = storm.run()
        finally:
            storm.end()
        print(f"{storm.fallen} in {time.monotonic() - started:.0f} s: {wrong or 'as if nothing had happened'}")
        if wrong:
            print("\n".join((storm.folder / log).read_text(errors="replace").splitlines()[-40:]))
    sys.exit(1 if wrong else 0)
