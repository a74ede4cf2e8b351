"""A real Slurm, as `with_slurm` started it, a folder that its nodes see, and Cairn beside it.

A test is a script: set up, act, expect, with the words of tests/contract/clause.py.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "contract"))
import clause
from clause import DEFAULTS, contains, equal

SKIPPED = 77  # of ctest: no Slurm runs
PATIENCE = 300  # Slurm has its own delays, and the machine is shared


class World(clause.World):
    def __init__(self, name=None):
        state = os.environ.get("CAIRN_SLURM_STATE")
        if not state:
            print("no Slurm runs: make test-slurm starts one", file=sys.stderr)
            sys.exit(SKIPPED)
        self.state_folder = pathlib.Path(state)
        root = self.state_folder / "share" / (name or pathlib.Path(sys.argv[0]).stem)
        shutil.rmtree(root, ignore_errors=True)
        super().__init__(root)
        self.clusters = []

    def __exit__(self, kind, *rest):
        for number in self.clusters:
            self.slurm("scancel", number, check=False)
        super().__exit__(kind, *rest)

    def environment(self):
        return {**super().environment(), "PATH": f"{self.state_folder}/bin:{os.environ['PATH']}"}

    # ---- set up

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

    def slurm(self, *words, check=True):
        """The output of one of Slurm's commands."""
        done = subprocess.run(list(map(str, words)), cwd=self.root, env=self.environment(), text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if check and done.returncode != 0:
            raise AssertionError(f"{words}: status {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def submit(self, *options):
        """Gives Slurm's number of the cluster's first job, \"17\" or \"17_0\"."""
        said = self.cairn("submit", "--pool", "slurm", *options, "job.sub").out
        cluster = said.split(":")[0].removeprefix("cluster ")
        number = json.loads((self.home / "slurm" / cluster / "0/handed-over").read_text())["allocation"]
        self.clusters.append(number.split("_")[0])
        return number

    def poll(self, cluster=1):
        """[(job, state, checkpoint, hold)] as `cairn queue` shows them, which looks at Slurm first."""
        shown = json.loads(self.cairn("queue", cluster, "--jobs", "--json").out)
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

    def wait_for_gate(self, name):
        wait_for(lambda: (self.gates / f"{name}.reached").exists(), f"the job at gate {name}", self.logs)

    # ---- look

    def runner(self, proc=0):
        """Who runs the job, or ran it last."""
        path = self.home / "slurm/1" / str(proc) / "runner"
        return json.loads(path.read_text()) if path.exists() else None

    def slurm_states(self, numbers):
        out = self.slurm("squeue", "--noheader", "--array", "--states=all", f"--jobs={numbers}", "--format=%i %T", check=False)
        return dict(line.split() for line in out.splitlines())

    def wait_for_slurm(self, number, *states):
        wait_for(lambda: self.slurm_states(number.split("_")[0]).get(number, "GONE") in states,
                 f"Slurm's job {number} to be {states}", lambda: self.slurm_states(number.split("_")[0]))

    def logs(self):
        return "".join(path.read_text() for path in sorted(self.home.glob("slurm/*/slurm-*.log")))

    def inside(self, *words):
        """A command in Slurm's namespaces."""
        self.slurm(HERE / "slurm.sh", "-s", self.state_folder, "exec", *words)

    def kill_inside(self, pid, signal="KILL"):
        """Of a process by its pid in Slurm's namespace."""
        self.inside("sh", "-c", f"kill -{signal} {int(pid)}")


def wait_for(condition, what, details=lambda: ""):
    return clause.wait_for(condition, what, details, PATIENCE, pause=0.1)
