"""A held job ends its allocation, is shown as held with HTCondor's code, and goes on when it is released."""
from slurm import World, contains, equal

with World() as world:
    world.job("""
if [ -e "$GATES/mended" ]; then echo fine > result; exit 0; fi
exit 77
""")
    number = world.submit()
    [(_, state, _, hold)] = world.wait_until("held")
    assert hold.startswith("36/-1 "), hold
    contains(hold, "state")
    world.wait_for_slurm(number, "FAILED", "GONE")

    (world.gates / "mended").touch()
    world.cairn("release", 1)
    world.wait_until("completed")
    equal(world.read("result"), "fine\n")
    contains(world.read("job.log"), "Job was held")
    contains(world.read("job.log"), "Job was released")
