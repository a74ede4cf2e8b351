"""A pool whose tools are missing, or that does not answer: one sentence, nothing is lost, and what was known is shown."""
import os

from clause import *

with World() as world:
    tools = world.root / "bin"
    tools.mkdir()
    os.environ["PATH"] = f"{tools}:{os.environ['PATH']}"

    def tool(name, body):
        (tools / name).write_text(f"#!/bin/sh\n{body}\n")
        (tools / name).chmod(0o755)

    def refused(*arguments):
        said = world.cairn(*arguments, status=2)
        equal((said.out, said.err.count("\n")), ("", 1))
        return said.err

    world.job("exit 77\n")
    submit = ("submit", "--no-lint", "job.sub", "--pool")
    contains(refused(*submit, "htcondor"), "cairn: condor_version: no such command; put HTCondor's commands on PATH")
    contains(refused(*submit, "slurm"), "cairn: scontrol: no such command; ")

    tool("condor_version", 'echo "\\$CondorVersion: 23.9.6 2026-07-12 \\$"')
    tool("condor_q", 'echo "-- Failed to fetch ads" >&2; echo "Failed to connect" >&2; exit 1')
    contains(refused(*submit, "htcondor"), "the pool does not answer: condor_q: -- Failed to fetch ads Failed to connect; is its schedd")

    tool("scontrol", 'echo "Unable to contact slurm controller" >&2; exit 1')
    contains(refused(*submit, "slurm"), "Slurm does not answer: scontrol exited with 1: Unable to contact slurm controller")
    tool("scontrol", 'echo "SLURM_VERSION = 22.05.8"')
    tool("sbatch", 'echo "Invalid account" >&2; exit 1')
    contains(refused(*submit, "slurm"), "cairn: sbatch exited with 1: Invalid account; nothing was handed over\n")
    contains(world.cairn("queue").out, "Total: 0 jobs")

    # Handed over, and then it is away.
    tool("sbatch", "echo 17")
    tool("squeue", 'echo "17|PENDING"')
    cluster = world.cairn(*submit, "slurm").out.split(":")[0].removeprefix("cluster ")
    tool("squeue", 'echo "Unable to contact slurm controller" >&2; exit 1')
    away = "cairn: jobs in slurm are shown as they were last seen: Slurm does not answer: squeue exited with 1: "
    shown = world.cairn("queue", cluster)
    assert shown.err.startswith(away) and shown.err.count("\n") == 1 and "1 idle" in shown.out, shown.out + shown.err
    waited = world.cairn("wait", cluster, "--timeout", "3s", status=3)
    equal(waited.err.count(away), 1)  # and not at each look
    for verb in ("hold", "remove"):
        contains(world.cairn(verb, cluster, status=1).err, f"cairn: job {cluster}.0 could not be asked for: Slurm does not answer")
    tool("squeue", 'echo "17|PENDING"')
    contains(world.cairn("vacate", cluster).out, f"job {cluster}.0 does not run\n")
    contains(world.cairn("hold", cluster).out, f"job {cluster}.0 is to be held: slurm was asked\n")
    contains(world.cairn("hold", cluster).out, f"job {cluster}.0 was held already")
    equal(world.cairn("queue", cluster).err, "")
