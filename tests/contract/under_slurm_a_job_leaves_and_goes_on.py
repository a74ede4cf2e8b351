"""What sbatch is given runs the job, leaves on SIGUSR1 with what the job saves, and goes on: here with Slurm's commands played."""
import json
import os
import subprocess

from clause import SIGKILL, World, contains, equal, wait_for

COMMANDS = {  # what Slurm's would print
    "sbatch": 'echo 17',
    "squeue": 'cat "$(dirname "$0")/listed" 2>/dev/null || true',
    "scontrol": 'echo "$@" >> "$(dirname "$0")/asked"; echo "SLURM_VERSION = 22.05.8"; echo "KillWait = 5 sec"',
    "scancel": 'echo "$@" >> "$(dirname "$0")/cancelled"',
}

with World() as world:
    commands = world.root / "bin"
    commands.mkdir()
    for name, body in COMMANDS.items():
        (commands / name).write_text(f"#!/bin/sh\n{body}\n")
        (commands / name).chmod(0o755)
    (commands / "listed").write_text("17|RUNNING\n")
    os.environ["PATH"] = f"{commands}:{os.environ['PATH']}"
    os.environ["TMPDIR"] = str(world.root)

    def allocation(restarts):
        return subprocess.Popen(["sh", world.home / "slurm/1/submit-0.sh"], stderr=subprocess.PIPE, text=True,
                                env={**world.environment(), "SLURM_JOB_ID": "17", "SLURM_RESTART_COUNT": str(restarts),
                                     "SLURMD_NODENAME": "n7"})

    def end_of(process, status):
        said = process.communicate(timeout=60)[1]
        assert process.returncode == status, f"status {process.returncode}, expected {status}\n{said}"
        return said

    def job():
        [shown] = json.loads(world.cairn("queue", 1, "--jobs", "--json").out)["jobs"]
        return shown["state"], shown.get("last_checkpoint")

    world.job("""
note "starts at $step"
trap 'save $((step + 1)); exit 77' TERM
[ $step -lt 2 ] || { echo $step > result; exit 0; }
gate $step & wait $!
""")
    contains(world.cairn("submit", "--pool", "slurm", "job.sub").out, "handed to slurm 22.05.8")

    # Warned: it saves, and asks to be started again.
    first = allocation(0)
    world.wait_for_gate("0")
    equal(job()[0], "running")
    first.send_signal(subprocess.signal.SIGUSR1)
    contains(end_of(first, 0), "asks to be started again")
    contains((commands / "asked").read_text(), "requeue 17\n")
    equal(job(), ("idle", 0))

    # Asked to end: the same, but what comes next is not its business.
    second = allocation(1)
    world.wait_for_gate("1")
    second.terminate()
    end_of(second, 76)
    equal(job(), ("idle", 1))
    equal((commands / "asked").read_text().count("requeue"), 1)
    contains(world.cairn("fetch", 1, "--list").out, "verified")
    contains(world.cairn("status", 1).out, "slurm 17\n")
    contains(world.cairn("status", 1).out, "slurm/1/0/1.0/spool\n")
    contains(world.cairn("fetch", 1, "--to", "copy").out, "checkpoint 1 of job 1.0: 3 files")
    equal(world.read("copy/state"), "2\n")

    third = allocation(2)
    end_of(third, 0)
    equal(world.notes(), ["starts at 0", "starts at 1", "starts at 2"])
    equal(world.read("result"), "2\n")
    equal(job()[0], "completed")
    equal([p for p in world.root.glob("cairn-*/*")], [])  # no sandbox is left

    # And once Slurm is through with it, nothing is left here.
    (commands / "listed").write_text("17|COMPLETED\n")
    world.cairn("queue")
    equal(list((world.home / "slurm").iterdir()), [])
