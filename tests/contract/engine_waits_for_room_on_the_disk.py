"""A full disk costs no job: the engine says so, what was asked for meanwhile is refused, and it goes on when there is room."""
import resource

from clause import *

# Of the size of files: no page of the queue can be written, and the engine's log is smaller.  What a full disk is, too.
FULL = (4096, resource.RLIM_INFINITY)

with World() as world:
    world.job('note "$step"\n[ $step = 0 ] && { save 1; exit 77; }\ngate second\n[ $step = 1 ] && { save 2; exit 77; }\n'
              'echo $step > result\n', log=None)
    world.cairn("submit", "job.sub")
    world.wait_for_gate("second")
    world.wait_for_checkpoint(0)
    engine = world.engine()
    log = world.home / "engine/log"
    before = resource.prlimit(engine, resource.RLIMIT_FSIZE, FULL)

    contains(world.cairn("hold", "1.0", status=1).err, "stays as it is: write")
    contains(world.cairn("hold", "1.0", status=1).err, "see that its disk has room")
    equal(world.state(), "running")
    world.open_gate("second")
    wait_for(lambda: "what happens to them waits for room" in log.read_text(), "a sentence about the full disk")
    equal(world.query("SELECT last_checkpoint FROM jobs"), [(0,)])
    assert alive(engine)

    resource.prlimit(engine, resource.RLIMIT_FSIZE, before)
    wait_for(lambda: world.state() == "completed", "the job's end")
    contains(log.read_text(), "the queue can be written again")
    equal(world.read("result"), "2\n")
    equal(world.notes(), ["0", "1", "2"])
    equal(world.query("SELECT crashes, activation FROM jobs"), [(0, 1)])

    # One that is to end does not wait for ever: its jobs go on with the next.
    world.job('note "again $step"\n[ $step = 0 ] && { save 1; exit 77; }\ngate last\n'
              '[ $step = 1 ] && { save 2; exit 77; }\necho $step > result\n', log=None)
    world.cairn("submit", "job.sub")
    world.wait_for_gate("last")
    world.wait_for_checkpoint(0, "2.0")
    resource.prlimit(engine, resource.RLIMIT_FSIZE, FULL)
    world.open_gate("last")
    wait_for(lambda: log.read_text().count("waits for room") == 2, "the sentence once more")
    with contextlib.suppress(ProcessLookupError):  # it has ended since we looked
        while alive(engine):
            os.kill(engine, SIGTERM)
            time.sleep(0.01)
    equal(world.cairn("engine").err, "")
    wait_for(lambda: world.state("2.0") == "completed", "the job's end")
    equal(world.read("result"), "2\n")
    world.cairn("engine", "--stop")
