"""HTCondor 1.7: a new folder with another path; what was not listed is gone."""
from clause import *

with World() as world:
    world.write("input.txt", "input\n")
    world.write("data/part", "part\n")
    world.job("""
note "$PWD" $(ls)
if [ $step = 0 ]; then : > unlisted; save 1; exit 77; fi
if [ ! -e "$GATES/second" ]; then : > "$GATES/second"; : > later; kill -9 $$; fi
: > result
""", transfer_input_files="input.txt, data")
    world.run()
    home = world.home / "1.0"
    streams = "_condor_stderr _condor_stdout data"
    equal(world.notes(), [f"{home}/sandbox-0001 {streams} input.txt job.sh",
                          f"{home}/sandbox-0001 {streams} input.txt job.sh state unlisted",
                          f"{home}/sandbox-0002 {streams} input.txt job.sh state"])
