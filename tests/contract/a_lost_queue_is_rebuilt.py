"""cairn queue --rebuild: a queue file that is deleted or damaged comes back from what lies beside it, and jobs go on from their checkpoints."""
from clause import *

BODY = """note "$step"
[ $step = 0 ] && { save 1; exit 77; }
[ $step = 1 ] && { save 2; exit 77; }
[ $step = 2 ] && gate third
[ $step = 2 ] && { save 3; exit 77; }
echo $step > result
"""


def delete_queue(world):
    for file in world.home.glob("queue.sqlite*"):
        file.unlink()


def damage_queue(world):
    for file in world.home.glob("queue.sqlite*"):
        file.write_bytes(b"x" * 8192)


for lose in (delete_queue, damage_queue):
    with World() as world:
        # One that is over, one that runs, one that is held, one that waits.
        world.job(": > over\n", transfer_output_files="over", transfer_checkpoint_files=None, checkpoint_exit_code=None)
        world.cairn("submit", "job.sub")
        world.cairn("wait", "1")
        world.job(BODY)
        world.cairn("submit", "job.sub", "--name", "long")
        world.wait_for_gate("third")
        world.wait_for_checkpoint(1, "2.0")
        world.job(BODY, request_memory="100000000")
        world.write("job.sub", world.read("job.sub").replace("queue\n", "queue 2\n"))
        world.cairn("submit", "job.sub")
        world.cairn("hold", "3.0", "--reason", "for later")
        contains(world.cairn("queue", "--rebuild", status=2).err, "is in use")
        (world.folder / "over").unlink()
        ads = world.cairn("queue", "--all", "-long", "2.0", "3.1").out
        world.kill_engine()
        lose(world)
        said = world.cairn("queue", "--rebuild").out
        contains(said, "3 clusters")
        contains(said, "4 jobs")
        equal(list(map(world.state, ("1.0", "2.0", "3.0", "3.1"))), ["completed", "idle", "held", "idle"])
        equal(world.hold("3.0"), (1, 0, "for later"))
        equal(len(list(world.home.glob("queue.sqlite.damaged-1"))), int(lose is damage_queue))
        names = lambda text: {line for line in text.splitlines() if line.split(" = ")[0] in
                              ("Cmd", "Iwd", "ClusterId", "ProcId", "RequestMemory", "TransferCheckpoint", "GlobalJobId", "Env", "Environment")}
        equal(names(world.cairn("queue", "--all", "-long", "2.0", "3.1").out), names(ads))
        world.open_gate("third")
        world.cairn("engine")
        world.cairn("wait", "long")
        equal(world.read("result"), "3\n")
        equal(world.notes(), ["0", "1", "2", "2", "3"])
        assert not (world.folder / "over").exists(), "a job that was over ran again"
        # The next number is one that nobody had.
        contains(world.cairn("submit", "job.sub").out, "cluster 4")
        contains(world.cairn("queue", "--rebuild", status=2).err, "is in use")
        world.cairn("engine", "--stop")
        contains(world.cairn("queue", "--rebuild").out, "knows all that is there")

# A home that has no more than the jobs' folders: what is there can be brought out.
with World() as world:
    world.job(BODY)
    world.cairn("submit", "job.sub")
    world.wait_for_gate("third")
    world.wait_for_checkpoint(1)
    world.kill_engine()
    delete_queue(world)
    shutil.rmtree(world.home / "clusters")
    contains(world.cairn("submit", "job.sub", status=2).err, "cairn queue --rebuild")
    contains(world.cairn("queue", "--rebuild").out, "ad is lost")
    equal(world.state(), "held")
    world.cairn("fetch", "1.0", "--to", "fetched")
    equal((world.folder / "fetched/state").read_text(), "2\n")
    contains(world.cairn("submit", "job.sub").out, "cluster 2")
    world.cairn("remove", "--all")
    world.cairn("engine", "--stop")
