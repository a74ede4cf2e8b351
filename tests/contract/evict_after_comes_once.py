"""`cairn run --evict-after`: each job leaves once, however long it then runs."""
from clause import *

with World() as world:
    world.job("""
gate peace
: > result
""")
    process = world.start("run", "job.sub", "--evict-after", "20ms", "--evict", "fast")
    log = world.folder / "job.log"
    wait_for(lambda: log.exists() and "Job was evicted." in log.read_text(), "the eviction")
    world.open_gate("peace")
    world.finish(process)
    equal([number for number, _, _ in world.log() if number in ("001", "004", "005")], ["001", "004", "001", "005"])
