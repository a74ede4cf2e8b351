"""HTCondor 1.9 drops a checkpoint exit made while vacating; Cairn spools it unless --contract=htcondor."""
from clause import *

BODY = """
trap 'save 7; exit 77' TERM
note "$step"
if [ $step = 0 ]; then save 1; exit 77; fi
if [ ! -e "$GATES/running.reached" ]; then gate running; fi
: > result
"""
for contract, expected in (("cairn", ["0", "1", "7"]), ("htcondor", ["0", "1", "1"])):
    with World() as world:
        world.job(BODY)
        world.evict_at_gate("running", contract)
        world.cairn("wait", "1")
        equal((contract, world.notes()), (contract, expected))
