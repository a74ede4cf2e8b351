"""A real time limit of a minute: the job is warned by Slurm itself, saves its state, and goes on in a new allocation."""
from slurm import World, contains, equal, wait_for

with World() as world:
    world.job("""
note "starts at $step"
trap 'save $((step + 1)); exit 77' TERM
[ $step = 0 ] || { echo $step > result; exit 0; }
gate never & wait $!
""", **{"+MaxRuntime": "60"})
    number = world.submit()
    contains((world.home / "slurm/1/submit-0.sh").read_text(), "#SBATCH --time=1\n")
    world.wait_until("completed")
    equal(world.notes(), ["starts at 0", "starts at 1"])
    equal(world.read("result"), "1\n")
    # Not TIMEOUT: it left by itself.
    contains(world.read("job.log"), "the time limit is near")
