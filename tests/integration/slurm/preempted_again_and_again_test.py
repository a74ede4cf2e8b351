"""A job of a higher partition takes the nodes, again and again; what was saved is kept, and the result is that of an undisturbed run."""
from slurm import World, equal, wait_for

TIMES = 3

with World() as world:
    world.job("""
note "starts at $step"
while [ $step -lt 6 ]; do
  step=$((step + 1)); echo "did $step"; save $step
  if [ $((step % 2)) = 0 ]; then gate $((step / 2)); else exit 77; fi
done
cat state > result
""")
    number = world.submit("--slurm-option=--partition=low")
    for turn in range(1, TIMES + 1):
        world.wait_for_gate(turn)
        # All cores of both nodes: the job must go.
        high = world.slurm("sbatch", "--parsable", "--partition=high", "--nodes=2", "--exclusive", "--output=/dev/null",
                           "--wrap", "exit 0").strip()
        world.wait_for_slurm(number, "COMPLETING", "PENDING", "REQUEUED")
        world.open_gate(turn)
        world.wait_for_slurm(high, "COMPLETED", "GONE")
    world.wait_until("completed")
    # Each eviction cost the step since the last checkpoint, and no more.
    equal([note for note in world.notes() if note == "starts at 0"], ["starts at 0"])
    equal(world.read("result"), "6\n")
    equal(world.read("job.out"), "".join(f"did {step}\n" for step in range(1, 7)))
