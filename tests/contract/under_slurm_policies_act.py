"""Under Slurm a job's policies act: where it runs by its runner, and while it waits or is held by whoever looks."""
import json
import os
import subprocess

from clause import World, contains, equal, wait_for

COMMANDS = {  # what Slurm's would print
    "sbatch": 'n=$(($(cat "$(dirname "$0")/number" 2>/dev/null || echo 16) + 1)); echo $n > "$(dirname "$0")/number"; echo $n',
    "squeue": 'cat "$(dirname "$0")/listed" 2>/dev/null || true',
    "scontrol": 'echo "$@" >> "$(dirname "$0")/asked"; echo "SLURM_VERSION = 22.05.8"; echo "KillWait = 5 sec"',
    "scancel": 'echo "$@" >> "$(dirname "$0")/asked"',
}


class Slurm(World):
    def __enter__(self):
        self.commands = self.root / "bin"
        self.commands.mkdir()
        for name, body in COMMANDS.items():
            (self.commands / name).write_text(f"#!/bin/sh\n{body}\n")
            (self.commands / name).chmod(0o755)
        os.environ["TMPDIR"] = str(self.root)
        return super().__enter__()

    def environment(self):
        return {**super().environment(), "PATH": f"{self.commands}:{os.environ['PATH']}"}

    def listed(self, text):
        (self.commands / "listed").write_text(text)

    def allocation(self, number, status, *options):
        """What Slurm would run, with policies asked every second."""
        done = subprocess.run(["./cairn-starter", "solo", "--policy-interval", "1", *options, "0"],
                              cwd=self.home / "slurm/1", stderr=subprocess.PIPE, text=True, timeout=60,
                              env={**self.environment(), "SLURM_JOB_ID": str(number), "SLURM_RESTART_COUNT": "0"})
        assert done.returncode == status, f"status {done.returncode}, expected {status}\n{done.stderr}"

    def shown(self):
        [job] = json.loads(self.cairn("queue", 1, "--jobs", "--json").out)["jobs"]
        return job["state"], job.get("hold", {}).get("code")


with Slurm() as world:
    # At an exit, and while it runs.
    world.job("""
if [ $step = 0 ]; then save 1; : > result; exit 5; fi
gate here
""", on_exit_hold="ExitCode == 5", periodic_hold="NumHolds == 1 && time() - EnteredCurrentStatus > 0 && JobStatus == 2",
              periodic_hold_subcode="7", periodic_release="HoldReasonCode == 3 && HoldReasonSubCode == 0 && NumHolds < 2",
              transfer_checkpoint_files="state", transfer_output_files="result")
    world.cairn("submit", "--pool", "slurm", "job.sub")
    world.listed("17|RUNNING\n")
    world.allocation(17, 75)
    contains(world.read("job.log"), "The job attribute OnExitHold expression 'ExitCode == 5' evaluated to TRUE")
    # Whoever looks releases it: it is submitted again.
    world.listed("17|FAILED\n")
    equal(world.shown(), ("idle", None))
    contains(world.read("job.log"), "The job attribute PeriodicRelease expression")
    equal((world.commands / "number").read_text(), "18\n")

with Slurm() as world:
    world.job("gate here\n", periodic_hold="NumJobStarts == 1", periodic_hold_subcode="7")
    world.cairn("submit", "--pool", "slurm", "job.sub")
    world.listed("17|RUNNING\n")
    world.allocation(17, 75)
    equal(world.shown(), ("held", 3))
    contains(world.read("job.log"), "Code 3 Subcode 7")

with Slurm() as world:
    # While it waits in Slurm.
    world.job("exit 0\n", periodic_remove="JobStatus == 1")
    world.cairn("submit", "--pool", "slurm", "job.sub")
    world.listed("17|PENDING\n")
    equal(world.shown(), ("removed", None))
    contains((world.commands / "asked").read_text(), "17\n")
    contains(world.read("job.log"), "Job was aborted")

with Slurm() as world:
    # On hold from the start: Slurm waits, too, and is told of the release.
    world.job("exit 0\n", hold="true")
    world.cairn("submit", "--pool", "slurm", "job.sub")
    contains((world.home / "slurm/1/submit-0.sh").read_text(), "#SBATCH --hold\n")
    world.listed("17|PENDING\n")
    equal(world.shown(), ("held", 15))
    world.cairn("release", 1)
    equal(world.shown(), ("idle", None))
    contains((world.commands / "asked").read_text(), "release 17\n")

with Slurm() as world:
    # --contract=htcondor goes along: a signal that nobody sent is the end.
    world.job(": > result; kill -9 $$\n")
    world.cairn("submit", "--pool", "slurm", "--contract", "htcondor", "job.sub")
    contains((world.home / "slurm/1/submit-0.sh").read_text(), " --contract htcondor \"0\"\n")
    world.listed("17|RUNNING\n")
    world.allocation(17, 128 + 9, "--contract", "htcondor")
    equal(world.shown(), ("completed", None))
