"""SIGUSR1 says that the time is nearly over: the job saves its state and is requeued, as often as it takes."""
from slurm import World, contains, equal, wait_for

TIMES = 3

with World() as world:
    # On SIGTERM it saves what it has done since, and says so by its exit.
    world.job("""
note "starts at $step"
trap 'save $step; exit 77' TERM
while [ $step -lt 7 ]; do
  step=$((step + 1)); echo "did $step"
  if [ $((step % 2)) = 0 ]; then gate $((step / 2)) & wait $!; else save $step; exit 77; fi
done
echo $step > result
""")
    number = world.submit()
    for turn in range(1, TIMES + 1):
        world.wait_for_gate(turn)
        world.slurm("scancel", "--batch", "--signal=USR1", number)
        # It is restarted behind what it saved: this gate is never opened.
        wait_for(lambda: f"starts at {2 * turn}" in world.notes(), f"start {turn}", world.logs)
    world.wait_until("completed")
    equal(world.read("result"), "7\n")
    equal(world.read("job.out"), "".join(f"did {step}\n" for step in range(1, 8)))
    contains(world.read("job.log"), "Job was evicted")
