"""Outputs for which there is no folder are refused before the job runs, not after days of work."""
from clause import *

for command, value in (("output", "absent/out"), ("error", "absent/err"), ("log", "absent/log"),
                       ("transfer_output_remaps", '"result = absent/result"')):
    with World() as world:
        world.job(": > result\n", **{command: value})
        finished = world.run(status=2)
        contains(finished.err, f"there is no folder {world.folder}/absent for ")
        equal(world.query("SELECT * FROM jobs"), [])
