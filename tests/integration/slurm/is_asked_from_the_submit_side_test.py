"""hold, release, vacate and remove reach a job under Slurm, running and waiting."""
from slurm import World, contains, equal, wait_for

with World() as world:
    world.job("""
note "starts at $step"
trap 'save $((step + 1)); exit 77' TERM
while :; do gate $step & wait $!; done
""")
    number = world.submit()
    world.wait_for_gate(0)
    world.wait_until("running")

    world.cairn("vacate", 1)
    world.wait_for_gate(1)  # it saved and was requeued

    world.cairn("hold", 1, "--reason", "by request")
    world.wait_until("held")
    world.wait_for_slurm(number, "PENDING", "REQUEUE_HOLD")
    [(_, state, _, hold)] = world.poll()
    equal((state, hold), ("held", "1/0 by request"))
    world.cairn("release", 1)
    world.wait_for_gate(2)

    world.cairn("vacate", 1, "--fast")
    world.wait_for_gate(3)

    world.cairn("remove", 1)
    world.wait_until("removed")
    world.wait_for_slurm(number, "CANCELLED", "GONE")
    world.poll()
    equal(list((world.home / "slurm").iterdir()), [])
    equal(len(world.notes()), 4)
