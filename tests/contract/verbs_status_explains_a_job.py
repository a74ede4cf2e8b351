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

with World() as world:
    world.job("gate running\n: > result\n", request_cpus="1", request_memory="64")
    contains(world.cairn("status").out, "engine  none runs; cairn submit starts one")
    equal(json.loads(world.cairn("status", "--json").out)["engine"], None)
    world.cairn("submit", "job.sub")
    world.wait_for_gate("running")
    engine = json.loads(world.cairn("status", "--json").out)["engine"]
    equal((engine["pid"], engine["running"], engine["waiting"]), (world.engine(), 1, 0))
    equal((engine["cpus"] - engine["cpus_free"], engine["memory_mb"] - engine["memory_mb_free"]), (1, 64))
    said = world.cairn("status").out
    contains(said, f"engine  pid {world.engine()}, for ")
    contains(said, ": 1 running, 0 waiting; its log is ")
    world.open_gate("running")
    world.cairn("wait", "1")
    world.cairn("engine", "--stop")
    world.cairn("engine", "--slots", "3")
    contains(world.cairn("status").out, "free    3 of 3 slots")
