"""A checkpoint that is whole and wrong: after two deaths right after its restore the one before is used, and that is said.
The canary is HTCondor's contract: there the retries run out."""
from clause import *

POISONED = """
note "$step"
if [ $step = 99 ]; then kill -9 $$; fi
if [ $step = 1 ] && [ ! -e "$GATES/poisoned" ]; then : > "$GATES/poisoned"; save 99; exit 77; fi
if [ $step -lt 3 ]; then save $((step + 1)); exit 77; fi
echo $step > result
"""

with World() as world:
    world.job(POISONED)
    finished = world.run()
    equal(world.notes(), ["0", "1", "99", "99", "1", "2", "3"])
    equal(world.read("result"), "3\n")
    contains(finished.out, "checkpoint 1 is put aside: the program died twice right after it was restored; checkpoint 0 is used")
    contains(" ".join(text for (text,) in world.query("SELECT text FROM events")), "checkpoint 1 is put aside")

with World() as world:  # the one before kills it, too: the newest is used again
    world.job("""
note "$step"
if [ $step -gt 0 ] && [ "$(grep -c . "$GATES/notes")" -gt 2 ] && [ "$(grep -c . "$GATES/notes")" -lt 8 ]; then kill -9 $$; fi
if [ $step -lt 2 ]; then save $((step + 1)); exit 77; fi
: > result
""")
    finished = world.run()
    equal(world.notes(), ["0", "1", "2", "2", "1", "1", "2", "2"])
    contains(finished.out, "checkpoint 1 is used again")

with World() as world:
    world.job(": > result" + POISONED, max_retries="4")  # a missing output would hold it
    world.run("--contract", "htcondor", status=1)
    assert world.notes().count("99") > 2, "HTCondor does not roll back"
