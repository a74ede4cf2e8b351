"""cairn status: state and why, checkpoints, what to do next; without jobs, the home."""
import json

from clause import *

with World() as world:
    contains(world.cairn("status").out, "Total: 0 jobs")
    world.job('if [ $step = 0 ]; then save 1; exit 77; fi\ngate running\nexit 0\n', request_memory="900000")
    process = world.start("run", "job.sub")
    world.wait_for_gate("running")
    world.wait_for_checkpoint(0)
    said = world.cairn("status", "1").out
    for part in ("job 1.0 of job.sub: ", "running for ", "number 0, ", "1 checkpoint,",
                 f"sandbox     {world.job_folder()}/sandbox-0001", f"log         {world.folder}/job.log"):
        contains(said, part)
    world.kill(process)
    world.open_gate("running")
    world.run(status=1)
    said = world.cairn("status", "1.0").out
    contains(said, "code 12/2: Transfer output files failure")
    contains(said, "cairn release 1.0")
    job = json.loads(world.cairn("status", "--held", "--json").out)["jobs"][0]
    equal((job["hold"]["code"], job["checkpoints"][0]["number"]), (12, 0))
    home = json.loads(world.cairn("status", "--json").out)
    equal((home["home"], home["jobs"]["held"]), (str(world.home), 1))
    contains(world.cairn("status", "--running", status=1).err, "cairn: no job is selected")
