"""HTCondor 3: 000, then per activation 040 in, 001; an output pair per checkpoint, no second 001; 004; 005 at the end."""
from clause import *

with World() as world:
    world.job("""
if [ $step -lt 2 ]; then save $((step + 1)); exit 77; fi
if [ ! -e "$GATES/second" ]; then : > "$GATES/second"; kill -9 $$; fi
: > result
""")
    world.run()
    short = [(number, headline.split(" ")[0] if number == "040" else "") for number, headline, _ in world.log()]
    # One that runs for a second has its size there twice: so far, and at its end.
    short = [event for event, before in zip(short, [None, *short]) if event != ("006", "") or before != event]
    pair = [("040", "Started"), ("040", "Finished")]
    equal(short, [("000", ""), *pair, ("001", ""), ("006", ""), *pair, *pair, ("004", ""),
                  *pair, ("001", ""), ("006", ""), *pair, ("005", "")])
    equal([headline for number, headline, _ in world.log() if number == "040"][2:4],
          ["Started transferring output files", "Finished transferring output files"])
    contains(world.log()[-1][2], "(1) Normal termination (return value 0)")
