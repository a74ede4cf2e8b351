"""cairn queue: batches, jobs, ads; no home is no jobs; the columns stay where they are."""
import json

from clause import *

HEADER = "OWNER  BATCH  SUBMITTED  DONE  RUN  IDLE  HOLD  TOTAL  CKPT_AGE  PROGRESS  GOODPUT  JOB_IDS".split()

with World() as world:
    finished = world.cairn("queue")
    equal(finished.out.splitlines()[0].split(), HEADER)
    contains(finished.out, "Total: 0 jobs")
    assert not world.home.exists(), "looking made a home"

    world.job("""
echo 0.25 > "$CAIRN_PROGRESS"
if [ $step = 0 ]; then save 1; exit 77; fi
gate running
: > result
""")
    process = world.start("run", "job.sub")
    world.wait_for_gate("running")
    world.wait_for_checkpoint(0)
    wait_for(lambda: json.loads(world.cairn("queue", "--jobs", "--json").out)["jobs"][0].get("progress") == 0.25,
             "the job's progress in the queue")
    row = world.cairn("queue").out.splitlines()[1].split()
    equal(row[1], "job.sub")
    equal((row[5], row[10], row[12]), ("1", "25%", "1.0"))
    job = json.loads(world.cairn("queue", "--jobs", "--json").out)["jobs"][0]
    equal((job["job"], job["state"], job["last_checkpoint"]), ("1.0", "running", 0))
    equal(world.cairn("queue", "-af", "ClusterId", "ProcId", "JobStatus", "JobPrio + 1").out, "1 0 2 1\n")
    equal(world.cairn("queue", "job", "--format", "%03d.", "ClusterId", "--format", "%s\n", "CairnState").out,
          "001.running\n")
    contains(world.cairn("queue", "1", "-long").out, 'TransferCheckpoint = "state"\n')
    equal(world.cairn("queue", "-c", "JobStatus == 5", "-af", "ClusterId").out, "")
    equal(world.cairn("queue", "--running", "-af", "ClusterId").out, "1\n")
    world.open_gate("running")
    world.finish(process)

    contains(world.cairn("queue").out, "Total: 0 jobs")
    contains(world.cairn("queue", "--all").out, "1 completed")
    contains(world.cairn("queue", "1.0").out, "completed 0")

    for words, said in ((["7"], "cairn: there is no cluster 7: the newest is 1\n"),
                        (["1.4"], "cairn: there is no job 1.4: cluster 1 has 1.0 alone\n"),
                        (["jbo.sub"], "did you mean 'job.sub'?"),
                        (["-c", "JobStatus =="], "cairn: constraint: "),
                        (["--format", "%n", "ClusterId"], "cairn: format '%n' is none"),
                        (["--format", "%99999d", "ClusterId"], "cairn: format '%99999d' is none")):
        err = world.cairn("queue", *words, status=2).err
        contains(err, said)
        equal(err.count("\n"), 1)
