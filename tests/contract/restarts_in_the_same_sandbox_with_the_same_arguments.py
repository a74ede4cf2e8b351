"""HTCondor 1.3: after a checkpoint exit the program starts in the same sandbox, with everything in it."""
from clause import *

with World() as world:
    world.job("""
note "$PWD [$1] [$2] $(ls unlisted 2>/dev/null)"
: > unlisted
step=$((step + 1)); save $step
[ $step -lt 3 ] && exit 77
echo $step > result
""", arguments="\"one 'two words'\"")
    world.run()
    sandbox = world.home / "1.0/sandbox-0001"
    equal(world.notes(), [f"{sandbox} [one] [two words] ",
                          f"{sandbox} [one] [two words] unlisted",
                          f"{sandbox} [one] [two words] unlisted"])
    equal(world.read("result"), "3\n")
