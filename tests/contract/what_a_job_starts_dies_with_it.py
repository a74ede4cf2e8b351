"""Daemons of the job die at its end, and at a checkpoint exit; --contract=htcondor leaves them until the end."""
from clause import *

BODY = """
if [ $step = 0 ]; then
  setsid sh -c 'sleep 1000 & echo $! > "$GATES/daemon.new"; mv "$GATES/daemon.new" "$GATES/daemon"'
  save 1; exit 77
fi
kill -0 $(cat "$GATES/daemon") 2>/dev/null && note lives || note dead
: > result
"""
for contract, expected in (("cairn", "dead"), ("htcondor", "lives")):
    with World() as world:
        world.job(BODY)
        world.run("--contract", contract)
        equal((contract, world.notes()), (contract, [expected]))
        assert not alive(int((world.gates / "daemon").read_text())), "a daemon outlives its job"
