"""HTCondor 1.6: one checkpoint in the spool, into which each new one is merged by the names on top.  Files that are gone
come back, folders are replaced as a whole; Cairn's own contract replaces the whole checkpoint."""
from clause import *

EXPECTED = {"htcondor": ["_condor_stderr", "_condor_stdout", "data/second", "first", "second", "state"],
            "cairn": ["_condor_stderr", "_condor_stdout", "data/second", "second", "state"]}

for contract, expected in EXPECTED.items():
    with World() as world:  # a name in the list that stands for a folder's contents
        world.job("""
note "$step"
mkdir -p all/data
if [ $step = 0 ]; then save 1; : > all/first; : > all/data/first; exit 77; fi
if [ $step = 1 ]; then save 2; rm all/first all/data/first; : > all/second; : > all/data/second; exit 77; fi
gate running
: > result
""", transfer_checkpoint_files="state, all/")
        process = world.start("run", "job.sub", "--contract", contract)
        world.wait_for_gate("running")
        world.wait_for_checkpoint(1)
        newest = world.spool() / "000001"
        equal(sorted(str(p.relative_to(newest)) for p in newest.rglob("*") if p.is_file() and p.name != "MANIFEST"),
              expected)
        equal(len(world.checkpoints()), 1 if contract == "htcondor" else 2)
        world.open_gate("running")
        world.finish(process)

with World() as world:  # live.md, 6: without a list
    world.job("""
note "$step $(echo top*)"
if [ $step = 0 ]; then save 1; : > top1; exit 77; fi
if [ $step = 1 ]; then save 2; rm top1; : > top2; exit 77; fi
gate running
: > result
""", transfer_checkpoint_files=None, transfer_output_files=None)
    process = world.start("run", "job.sub", "--contract", "htcondor")
    world.wait_for_gate("running")
    (world.gates / "running.reached").unlink()
    process.send_signal(SIGINT)
    world.finish(process, status=3)
    process = world.start("run", "job.sub", "--contract", "htcondor")
    world.open_gate("running")
    world.finish(process)
    equal(world.notes(), ["0 top*", "1 top1", "2 top2", "2 top1 top2"])
