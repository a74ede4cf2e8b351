"""Two hundred evictions in a row by `cairn vacate`: the result is right, and no more is kept than after one."""
from clause import *

EVICTIONS = 200

with World() as world:
    world.job(f"""trap 'save $((step + 1)); exit 77' TERM
echo "line $step"
[ $step = {EVICTIONS} ] && {{ echo $step > result; exit 0; }}
: > "$GATES/runs.$step"
while :; do sleep 0.005; done
""")
    world.cairn("submit", "job.sub")
    for number in range(EVICTIONS):
        wait_for((world.gates / f"runs.{number}").exists, f"start {number}")
        contains(world.cairn("vacate", "1.0").out, "is asked to leave")
        # Two, and one that is being made, whose name may change while we look.
        assert len({name.removesuffix(".tmp") for name in world.checkpoints()}) <= 3, world.checkpoints()
        assert len(world.sandboxes()) <= 2, world.sandboxes()
    wait_for(lambda: world.state() == "completed", "the job's end")
    equal(world.read("result"), f"{EVICTIONS}\n")
    equal(world.read("job.out"), "".join(f"line {n}\n" for n in range(EVICTIONS + 1)))
    events = [number for number, _, _ in world.log()]
    equal(events.count("004"), EVICTIONS)
    equal(events.count("001"), EVICTIONS + 1)
    assert len(world.read("job.log")) < 4000 * EVICTIONS, "the event log grows faster than a pool's"
    wait_for(lambda: not world.job_folder().exists(), "its folder to go")
    (states,) = (world.home / "clusters").glob("1.states")
    equal(states.read_text(), "0 completed code 0\n")
    world.cairn("engine", "--stop")
