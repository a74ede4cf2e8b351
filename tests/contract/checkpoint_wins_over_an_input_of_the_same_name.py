"""HTCondor 1.7: spool entries come last; a folder is replaced as a whole."""
from clause import *

with World() as world:
    world.write("state", "0\n")
    world.write("folder/old", "as submitted\n")
    world.job("""
note "$step" $(ls folder)
if [ $step = 0 ]; then rm folder/old; : > folder/new; save 1; exit 77; fi
if [ ! -e "$GATES/second" ]; then : > "$GATES/second"; kill -9 $$; fi
: > result
""", transfer_input_files="state, folder", transfer_checkpoint_files="state, folder")
    world.run()
    equal(world.notes(), ["0 old", "1 new", "1 new"])
