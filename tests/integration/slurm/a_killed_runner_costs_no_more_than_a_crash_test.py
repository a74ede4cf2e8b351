"""kill -9 of what runs the job in its allocation: it is submitted again, and goes on from its checkpoint."""
from slurm import World, equal, wait_for

with World() as world:
    world.job("""
note "starts at $step"
[ $step = 0 ] && { save 1; exit 77; }
gate here
echo $step > result
""")
    number = world.submit()
    world.wait_for_gate("here")
    before = world.runner()
    equal(before["allocation"], number)
    world.kill_inside(before["pid"])
    world.wait_for_slurm(number, "FAILED", "GONE")
    world.open_gate("here")
    world.wait_until("completed")
    equal(world.read("result"), "1\n")
    equal(world.notes()[-1], "starts at 1")
    # Nothing of the killed one went on beside it.
    equal(len([note for note in world.notes() if note == "starts at 1"]), 2)
