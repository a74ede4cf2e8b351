"""leave_in_queue: a job that has completed is shown by cairn queue until the expression is false, or it is removed."""
import json

from clause import *


def shown(world, *arguments):
    return [job["job"] for job in json.loads(world.cairn("queue", "--jobs", "--json", *arguments).out)["jobs"]]


with World() as world:
    world.job(": > result\n", output=None, error=None, leave_in_queue="$(stays)",
              transfer_output_remaps='"result = result.$(Process)"')
    world.write("job.sub", world.read("job.sub").replace("queue\n", 'queue stays in (true false "JobStatus==4&&ExitCode=?=1")\n'))
    world.cairn("submit", "job.sub")
    world.cairn("wait", "1")
    equal(shown(world), ["1.0"])
    equal(json.loads(world.cairn("queue", "--json").out)["batches"][0]["done"], 3)
    contains(world.cairn("history", "-af", "ProcId").out, "2\n1\n")
    assert "0" not in world.cairn("history", "-af", "ProcId").out
    contains(world.cairn("history", "--prune", "0s").out, "forgot 0 jobs")
    contains(world.cairn("remove", "1.0").out, "leaves the queue")
    contains(world.cairn("remove", "1.0", status=1).err, "is completed already")
    equal((shown(world), world.state("1.0")), ([], "completed"))
    contains(world.cairn("history", "-af", "ProcId").out, "0\n")
    equal(json.loads(world.cairn("queue", "--json").out)["batches"], [])

# One file for all is read as one; and the canary: what does not say it does not stay.
with World() as world:
    world.job(": > result\n", leave_in_queue="time() < 5000000000")
    world.cairn("submit", "job.sub")
    world.job(": > result\n")
    world.cairn("submit", "job.sub")
    world.cairn("wait", "1", "2")
    equal(shown(world), ["1.0"])
