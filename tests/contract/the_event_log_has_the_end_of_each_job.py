"""An engine that dies as a job completes leaves its 005 in the event log, once: nobody looks at such a job again."""
from clause import *

# Whoever stores that the job has completed is at it for ever.
ENDLESS = """
CREATE VIEW endless AS WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number) SELECT n FROM number;
CREATE TRIGGER at_the_end BEFORE UPDATE ON jobs WHEN NEW.state = 'completed' BEGIN SELECT count(*) FROM endless; END;
"""
with World() as world:
    world.job("gate work\n: > result\n")
    world.cairn("submit", "job.sub")
    world.wait_for_gate("work")
    queue = sqlite3.connect(world.home / "queue.sqlite", isolation_level=None, timeout=PATIENCE)
    queue.executescript(ENDLESS)

    def end():
        return [number for number, _, _ in world.log() if number == "005"]

    world.open_gate("work")
    wait_for(end, "its 005")
    world.kill_engine()
    queue.executescript("DROP TRIGGER at_the_end; DROP VIEW endless;")
    queue.close()
    equal(world.state(), "finishing")
    world.cairn("engine")
    world.cairn("wait", "1")
    equal(end(), ["005"])
    world.cairn("engine", "--stop")
