"""scancel ends the job softly; it is not lost: it is held, and a release submits it again from its checkpoint."""
from slurm import World, contains, equal

with World() as world:
    world.job("""
note "starts at $step"
[ $step = 0 ] && { save 1; exit 77; }
gate here
echo $step > result
""")
    number = world.submit()
    world.wait_for_gate("here")
    world.slurm("scancel", number)
    [(_, _, checkpoint, hold)] = world.wait_until("held")
    contains(hold, "was cancelled")
    equal(checkpoint, "0")
    world.open_gate("here")
    world.cairn("release", 1)
    world.wait_until("completed")
    equal(world.read("result"), "1\n")
    equal(world.notes(), ["starts at 0", "starts at 1", "starts at 1"])  # the restart in place, and after the release
