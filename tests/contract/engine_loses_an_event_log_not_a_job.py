"""An event log that cannot be written is said once; the job goes on, and so does the log when it can be written again."""
from clause import *

with World() as world:
    world.job('[ $step = 0 ] && { gate first; save 1; exit 77; }\n[ $step = 1 ] && { gate second; save 2; exit 77; }\n: > result\n')
    world.cairn("submit", "job.sub")
    world.wait_for_gate("first")
    wait_for(lambda: "001" in [number for number, _, _ in world.log()], "its start in the event log")
    # At one stroke: an event that came in between would make it anew.
    (world.folder / "a folder").symlink_to(".")
    os.replace(world.folder / "a folder", world.folder / "job.log")
    world.open_gate("first")
    world.wait_for_gate("second")
    world.wait_for_checkpoint(0)
    log = world.home / "engine/log"
    wait_for(lambda: "the job goes on without its event log" in log.read_text(), "a sentence about it")
    (world.folder / "job.log").unlink()
    world.open_gate("second")
    world.cairn("wait", "1")
    equal(log.read_text().count("the job goes on without its event log"), 1)
    equal([number for number, _, _ in world.log()][-1], "005")
    world.cairn("engine", "--stop")
