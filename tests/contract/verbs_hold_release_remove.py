"""cairn hold, release, remove: by id, name and constraint, idempotent; a job that runs is its runner's."""
import json

from clause import *

with World() as world:
    world.job('if [ $step = 0 ]; then save 1; exit 77; fi\ngate running\n: > result\n')
    process = world.start("run", "job.sub")
    world.wait_for_gate("running")
    contains(world.cairn("hold", "1.0", status=1).err, f"cairn: job 1.0 is being run by pid {process.pid}")
    world.kill(process)

    equal(world.cairn("hold", "1", "--reason", "for a while").out, "job 1.0 is held\n")
    equal((world.state(), world.hold()), ("held", (1, 0, "for a while")))
    assert not world.sandboxes(), "the sandbox is still there"
    equal(world.log()[-1][0], "012")
    contains(world.cairn("hold", "job").out, "was held already: for a while")
    contains(world.cairn("vacate", "1", status=1).err, "cairn: job 1.0 is held, and does not run")

    contains(world.cairn("release", "--held").out, "job 1.0 is released; it was held (code 1/0): for a while")
    equal((world.state(), world.log()[-1][0]), ("idle", "013"))
    equal(world.cairn("release", "1").out, "job 1.0 is not held\n")
    equal(world.cairn("vacate", "1").out, "job 1.0 does not run\n")
    equal(world.checkpoints(), ["000000"])
    world.open_gate("running")
    contains(world.run().out, "goes on where it was")

    world.job("exit 0\n")  # its output is missing
    world.run(status=1)
    equal(world.cairn("remove", "-c", "HoldReasonCode == 12").out, "job 2.0 is removed\n")
    equal((world.state("2.0"), world.log()[-1][0]), ("removed", "009"))
    contains(world.log()[-1][2], "via cairn remove (by user ")
    assert not world.job_folder("2.0").exists(), "its folder is still there"
    equal(world.cairn("remove", "2.0").out, "job 2.0 was removed already\n")
    contains(world.cairn("hold", "2.0", status=1).err, "cairn: job 2.0 is removed; there is nothing to hold")
    world.run(status=1)
    equal(world.query("SELECT max(cluster) FROM clusters"), [(3,)])  # a new one: what was removed is over

    answers = json.loads(world.cairn("remove", "3", "--json").out)["jobs"]
    equal([(a["job"], a["makes_sense"]) for a in answers], [("3.0", True)])
    equal(world.cairn("remove", "--all").out, "no job is selected\n")
    contains(world.cairn("remove", status=2).err, "cairn: remove which jobs?")
    for verb in ("remove", "hold", "vacate", "release", "queue", "wait"):
        contains(world.cairn(verb, "", status=2).err, "cairn: an empty word names no job")
    contains(world.cairn("remove", "9", status=2).err, "cairn: there is no cluster 9")
