"""queue N is an array; jobs that ask for something else are in another one; each delivers its own outputs."""
from slurm import World, contains, equal

with World() as world:
    world.job("""
[ $step = 0 ] && { save 1; exit 77; }
echo "$1 on $2 cores" > result
""", arguments="$(Process) $(request_cpus)", request_cpus="1", output="out.$(Process)", error="err.$(Process)",
              transfer_output_remaps='"result = result.$(Process)"',
              queue="queue 3\nrequest_cpus = 2\nqueue 2\nrequest_cpus = 1\nqueue 1")
    number = world.submit()
    equal(number.split("_")[1], "0")
    contains((world.home / "slurm/1/submit-0.sh").read_text(), "#SBATCH --array=0-2,5\n")
    contains((world.home / "slurm/1/submit-1.sh").read_text(), "#SBATCH --array=3-4\n")
    jobs = world.wait_until("completed")
    equal([job[0] for job in jobs], [f"1.{proc}" for proc in range(6)])
    for proc in range(6):
        equal(world.read(f"result.{proc}"), f"{proc} on {2 if proc in (3, 4) else 1} cores\n")
