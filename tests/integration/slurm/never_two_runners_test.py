"""A second runner of a job that runs is refused, whoever starts it, and disturbs nothing."""
from slurm import World, contains, equal, wait_for

with World() as world:
    world.job("""
note started
gate here
echo fine > result
""")
    world.submit()
    world.wait_for_gate("here")
    folder = world.home / "slurm/1"
    second = world.slurm("sbatch", "--parsable", f"--output={world.root}/second.log", "--wrap",
                         f"cd {folder} && exec ./cairn-starter solo --lock-patience 1 0").strip()
    world.wait_for_slurm(second, "FAILED", "GONE")
    contains((world.root / "second.log").read_text(), "is locked by pid")
    world.open_gate("here")
    world.wait_until("completed")
    equal(world.notes(), ["started"])
