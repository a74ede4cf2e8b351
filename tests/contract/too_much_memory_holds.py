"""HTCondor 1.11: a job that takes more memory than it asked for is held, 34/102; one that stays below is not."""
from clause import *

HOLDER = """
import os, sys, time
held = bytearray(b"x") * (int(sys.argv[1]) << 20)
for child in range(int(sys.argv[2])):
    if not os.fork():
        time.sleep(1000)
gates = os.environ["GATES"]
open(gates + "/holds.reached", "w").close()
while not os.path.exists(gates + "/holds.open"):
    time.sleep(0.01)
open("result", "w").close()
"""


def holder(world, megabytes, children=0, **commands):
    world.write("hold.py", HOLDER)
    world.job('note "$step"\n[ $step = 0 ] && { save 1; exit 77; }\n' + f"/usr/bin/python3 hold.py {megabytes} {children}\n",
              transfer_input_files="hold.py", request_memory="100", **commands)


def seen_mb(world):
    live = world.query("SELECT live FROM jobs")[0][0]
    found = re.search(r"^ResidentSetSize = (\d+)$", live, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0


SENTENCE = (r"(?:Error from slot1@[^:]*: )?Job has gone over {}memory limit of {} megabytes\. Last measured usage: (\d+) megabytes\.  "
            r"Consider resubmitting with a higher request_memory\.")

for contract, word, limit in (("cairn", "", 100), ("htcondor", "cgroup ", 128)):
    with World() as world:
        holder(world, 200)
        world.run("--contract", contract, status=1)
        code, subcode, reason = world.hold()
        equal((code, subcode), (34, 102))
        found = re.fullmatch(SENTENCE.format(word, limit), reason)
        assert found and limit < int(found[1]) < 300, reason
        equal([number for number, _, _ in world.log()][-4:], ["006", "021", "004", "012"])
        contains(world.log()[-1][2], "Code 34 Subcode 102")
        contains(world.cairn("queue", "1", "-af", "MemoryUsage > 100", "HoldReasonCode").out, "true 34")
        # What it had saved is not lost: it goes on from there, with what it now asks for.
        equal(world.checkpoints(), ["000000"])

# A program below its limit, and one whose children share its pages: 4 * 60 MB are not there.
for megabytes, children in ((60, 0), (60, 3)):
    with World() as world:
        holder(world, megabytes, children)
        process = world.start("run", "job.sub")
        world.wait_for_gate("holds")
        # Its pages are counted for each process that has them; what holds counts them once.
        wait_for(lambda: seen_mb(world) > megabytes * (1 + children), "a look at its memory")
        world.open_gate("holds")
        world.finish(process)
        equal((world.state(), world.notes()), ("completed", ["0", "1"]))

# The canary: without request_memory there is no limit.
with World() as world:
    holder(world, 200)
    world.write("job.sub", world.read("job.sub").replace("request_memory = 100\n", ""))
    process = world.start("run", "job.sub")
    world.wait_for_gate("holds")
    wait_for(lambda: seen_mb(world) > 200, "a look at its memory")
    world.open_gate("holds")
    world.finish(process)
    equal(world.state(), "completed")

# In the background, too; and what is asked may follow from what was seen, which is more than 100 and not yet all.
with World() as world:
    holder(world, 200)
    world.write("job.sub", world.read("job.sub").replace(
        "request_memory = 100", "request_memory = ifThenElse(MemoryUsage =!= undefined, 3 * MemoryUsage, 100)"))
    world.cairn("submit", "job.sub")
    world.cairn("wait", "1", status=1)
    equal(world.hold()[:2], (34, 102))
    contains(world.cairn("status", "1.0").out, "ask for more memory")
    world.open_gate("holds")
    world.cairn("release", "1.0")
    world.cairn("wait", "1")
    equal(world.notes(), ["0", "1", "1"])
