"""What the tests with a real Slurm stand on: a folder that its nodes see, a home in it, and `cairn` as a user has it.

A test is a script: set up, act, expect.  Nothing waits for a time: wait_for() waits for a condition.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
CAIRN = os.environ["CAIRN"]
SKIPPED = 77  # of ctest: no Slurm runs
PATIENCE = 120  # seconds after which a condition will never come true

# A job may stop at a gate: it says that it is there, and goes on when the test opens it.
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
    "output": "job.out",
    "error": "job.err",
    "log": "job.log",
}


class World:
    def __init__(self, name=None):
        state = os.environ.get("CAIRN_SLURM_STATE")
        if not state:
            print("no Slurm runs: make test-slurm starts one", file=sys.stderr)
            sys.exit(SKIPPED)
        self.state_folder = pathlib.Path(state)
        self.root = self.state_folder / "share" / (name or pathlib.Path(sys.argv[0]).stem)
        shutil.rmtree(self.root, ignore_errors=True)
        self.folder = self.root / "submit"
        self.gates = self.root / "gates"
        self.home = self.root / "home"
        for each in (self.folder, self.gates):
            each.mkdir(parents=True)
        self.environment = {**os.environ, "CAIRN_HOME": str(self.home),
                            "PATH": f"{self.state_folder}/bin:{os.environ['PATH']}"}
        self.clusters = []

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for number in self.clusters:
            self.slurm("scancel", number, check=False)
        if kind is None:
            shutil.rmtree(self.root)
        else:
            print(f"left for a look: {self.root}")

    # ---- set up

    def write(self, name, text, mode=0o644):
        path = self.folder / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def job(self, body, queue="queue", **commands):
        """The job's program (sh, after PRELUDE) and its submit file; None leaves a command out."""
        self.write("job.sh", PRELUDE + body, 0o755)
        settings = {**DEFAULTS, "environment": f'"GATES={self.gates}"', **commands}
        lines = [f"{name} = {value}" for name, value in settings.items() if value is not None]
        self.write("job.sub", "\n".join([*lines, queue, ""]))

    def sweep(self, parameters, **commands):
        """The example, with its library, and its submit file."""
        for variable in ("SWEEP", "LIBCAIRN"):
            shutil.copy(os.environ[variable], self.folder)
        settings = {**DEFAULTS, "executable": "sweep", "arguments": f"0 {parameters}",
                    "transfer_input_files": pathlib.Path(os.environ["LIBCAIRN"]).name,
                    "transfer_checkpoint_files": "state.ckpt, results.csv",
                    "transfer_output_files": "results.csv", "max_retries": "5", **commands}
        lines = [f"{name} = {value}" for name, value in settings.items()]
        self.write("job.sub", "\n".join([*lines, "queue", ""]))

    # ---- act

    def run(self, *words, check=True, cwd=None):
        done = subprocess.run(list(map(str, words)), cwd=cwd or self.folder, env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if check and done.returncode != 0:
            raise AssertionError(f"{words}: status {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def cairn(self, *words, check=True):
        return self.run(CAIRN, *words, check=check)

    def slurm(self, *words, check=True):
        return self.run(*words, check=check, cwd=self.root)

    def submit(self, *options):
        """Gives Slurm's number of the cluster's first job, \"17\" or \"17_0\"."""
        said = self.cairn("submit", "--pool", "slurm", *options, "job.sub").stdout
        cluster = said.split(":")[0].removeprefix("cluster ")
        number = json.loads((self.home / "slurm" / cluster / "0/handed-over").read_text())["allocation"]
        self.clusters.append(number.split("_")[0])
        return number

    def ask(self, verb, *options, cluster=1):
        """hold, release, vacate or remove, of all jobs of a cluster."""
        self.cairn(verb, cluster, *options)

    def poll(self, cluster=1):
        """[(job, state, checkpoint, hold)] as `cairn queue` shows them, which looks at Slurm first."""
        shown = json.loads(self.cairn("queue", cluster, "--jobs", "--json").stdout)
        jobs = []
        for job in shown["jobs"]:
            hold = job.get("hold")
            jobs.append((job["job"], job["state"], str(job.get("last_checkpoint", -1)),
                         f"{hold['code']}/{hold['subcode']} {hold['reason']}" if hold else ""))
        return jobs

    def wait_until(self, *states, cluster=1):
        def there():
            jobs = self.poll(cluster=cluster)
            return jobs if all(job[1] in states for job in jobs) else None
        return wait_for(there, f"jobs to be {states}", lambda: self.poll(cluster=cluster))

    def open_gate(self, name):
        (self.gates / f"{name}.open").touch()

    def wait_for_gate(self, name):
        wait_for(lambda: (self.gates / f"{name}.reached").exists(), f"the job at gate {name}", self.logs)

    def close_gate(self, name):
        for what in ("open", "reached"):
            (self.gates / f"{name}.{what}").unlink(missing_ok=True)

    # ---- look

    def read(self, name):
        return (self.folder / name).read_text()

    def notes(self):
        path = self.gates / "notes"
        return path.read_text().splitlines() if path.exists() else []

    def job_folder(self, proc=0, cluster=1):
        return self.home / "slurm" / str(cluster) / str(proc)

    def runner(self, proc=0):
        """Who runs the job, or ran it last."""
        path = self.job_folder(proc) / "runner"
        return json.loads(path.read_text()) if path.exists() else None

    def slurm_states(self, numbers):
        out = self.slurm("squeue", "--noheader", "--array", "--states=all", f"--jobs={numbers}", "--format=%i %T",
                         check=False).stdout
        return dict(line.split() for line in out.splitlines())

    def wait_for_slurm(self, number, *states):
        wait_for(lambda: self.slurm_states(number.split("_")[0]).get(number, "GONE") in states,
                 f"Slurm's job {number} to be {states}", lambda: self.slurm_states(number.split("_")[0]))

    def logs(self):
        return "".join(path.read_text() for path in sorted(self.home.glob("slurm/*/slurm-*.log")))

    def kill_inside(self, pid, signal="KILL"):
        """Of a process by its pid in Slurm's namespace."""
        self.run(HERE / "slurm.sh", "-s", self.state_folder, "exec", "sh", "-c", f"kill -{signal} {int(pid)}")


def wait_for(condition, what, details=lambda: ""):
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}; now: {details()}"
        time.sleep(0.1)
    return value


def equal(actual, expected):
    assert actual == expected, f"\n  expected {expected!r}\n  but it is {actual!r}"


def contains(text, part):
    assert part in text, f"\n  expected to find {part!r}\n  in {text!r}"
