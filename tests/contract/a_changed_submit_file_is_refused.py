"""The first difference is named; --fresh or the old file go on."""
from clause import *

with World() as world:
    world.job("note $1\ngate running\n: > result\n", arguments="alpha")
    process = world.start("run", "job.sub")
    world.wait_for_gate("running")
    world.kill(process)
    submit_file = world.read("job.sub")
    world.write("job.sub", submit_file.replace("alpha", "beta"))
    finished = world.run(status=2)
    for part in ("alpha", "beta", "1.0", "--fresh"):
        contains(finished.err, part)
    equal(finished.err.count("\n"), 1)
    world.write("job.sub", submit_file)
    world.open_gate("running")
    world.run()
    equal(world.notes(), ["alpha", "alpha"])
