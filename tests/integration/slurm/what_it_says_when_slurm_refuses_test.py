"""A refused submission leaves no job behind; --dry-run hands nothing over."""
from slurm import World, contains, equal

with World() as world:
    world.job("exit 0")
    done = world.cairn("submit", "--pool", "slurm", "--slurm-option=--partition=nowhere", "job.sub", status=2)
    contains(done.err, "Invalid partition name specified; nothing was handed over")
    equal(list((world.home / "slurm").iterdir()), [])

    script = world.cairn("submit", "--pool", "slurm", "--dry-run", "job.sub").out
    contains(script, "#SBATCH --signal=B:USR1@")
    equal(list((world.home / "slurm").iterdir()), [])
