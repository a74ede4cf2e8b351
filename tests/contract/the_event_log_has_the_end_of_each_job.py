"""An engine that dies as a job completes leaves its 005 in the event log, once: nobody looks at such a job again."""
from clause import *

with World() as world:
    world.job("gate work\ntruncate -s 100M result\n")
    world.cairn("submit", "job.sub")
    world.wait_for_gate("work")
    queue = sqlite3.connect(world.home / "queue.sqlite", isolation_level=None, timeout=PATIENCE)
    kept = ("finishing",)

    def end():
        return [number for number, _, _ in world.log() if number == "005"]

    world.open_gate("work")
    # The queue is locked as soon as the job is at its end: what comes then cannot be stored.
    wait_for(lambda: world.state() == "finishing", "the end of the program", pause=0)
    queue.execute("BEGIN IMMEDIATE")
    state = queue.execute("SELECT state FROM jobs").fetchone()
    if state == kept:
        wait_for(end, "its 005")
    world.kill_engine()
    queue.execute("ROLLBACK")
    queue.close()
    world.cairn("engine")
    world.cairn("wait", "1")
    equal(end(), ["005"])
    world.cairn("engine", "--stop")
