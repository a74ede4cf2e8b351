"""should_transfer_files = NO: nothing is transferred, and a checkpoint exit restarts the job where its files are."""
from clause import *

with World() as world:
    world.job("""
note "$step"
if [ $step = 2 ] && [ ! -e died ]; then : > died; kill -9 $$; fi
if [ $step -lt 3 ]; then save $((step + 1)); exit 77; fi
: > result
""", should_transfer_files="NO", when_to_transfer_output=None,
              transfer_checkpoint_files=None, transfer_output_files=None)
    world.run()
    equal(world.notes(), ["0", "1", "2", "2", "3"])
    assert (world.folder / "result").exists()
