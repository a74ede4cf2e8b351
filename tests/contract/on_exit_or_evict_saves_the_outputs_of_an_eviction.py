"""HTCondor 1.9, ON_EXIT_OR_EVICT: an eviction spools the *output* list over the last checkpoint; a fast one nothing.

The checkpoint list and what is in neither list is lost.  Under HTCondor's contract a checkpoint
exit while vacating is treated so, too; in Cairn it is a checkpoint.
"""
from clause import *

BODY = """
trap 'save 7; echo half > result; echo leaving; exit %s' TERM
note "$step $(cat result 2>/dev/null) $(cat other 2>/dev/null)"
if [ $step = 0 ]; then echo kept > other; save 1; exit 77; fi
if [ ! -e "$GATES/running.reached" ]; then gate running; fi
echo whole > result
"""
LISTS = {"when_to_transfer_output": "ON_EXIT_OR_EVICT", "transfer_checkpoint_files": "state, other"}
DROPPED, OUTPUTS, CHECKPOINT = "1  kept", "1 half kept", "7  kept"
CASES = [  # contract, the exit on SIGTERM, how, the second start
    ("cairn", 1, "soft", OUTPUTS), ("htcondor", 1, "soft", OUTPUTS), ("htcondor", 77, "soft", OUTPUTS),
    ("htcondor", 0, "soft", OUTPUTS), ("cairn", 77, "soft", CHECKPOINT), ("cairn", 1, "fast", DROPPED),
    ("htcondor", 77, "fast", DROPPED)]
for contract, code, how, expected in CASES:
    with World() as world:
        world.job(BODY % code, **LISTS)
        world.evict_at_gate("running", contract, how)
        world.cairn("wait", "1")
        case = (contract, code, how)
        equal((case, world.notes()), (case, ["0  ", "1  kept", expected]))
        equal((case, world.read("job.out")), (case, "" if how == "fast" else "leaving\n"))
        numbers = [number for number, _, _ in world.log()]
        evicted = numbers.index("004")
        saved = [headline for number, headline, _ in world.log()[:evicted] if number == "040"].count(
            "Finished transferring output files")
        equal((case, saved), (case, 1 if how == "fast" else 2))
