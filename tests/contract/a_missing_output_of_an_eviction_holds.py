"""HTCondor 1.9, ON_EXIT_OR_EVICT: an output that an eviction does not find holds the job, code 12, and is named."""
from clause import *

for contract in ("cairn", "htcondor"):
    with World() as world:
        world.job("""
trap 'exit 1' TERM
if [ $step = 0 ]; then save 1; exit 77; fi
gate running
""", when_to_transfer_output="ON_EXIT_OR_EVICT")
        world.evict_at_gate("running", contract)
        wait_for(lambda: "Job was held." in world.read("job.log"), "the hold")
        code, subcode, reason = world.hold()
        equal((code, subcode), (12, 2))
        contains(reason, "Transfer output files failure at execution point slot1_1@")
        contains(reason, "result")
        equal([number for number, _, _ in world.log()][-3:], ["021", "004", "012"])
        equal(world.checkpoints(), ["000000"])  # the checkpoint before stays
