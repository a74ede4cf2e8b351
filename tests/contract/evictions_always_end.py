"""A job that is evicted faster than it checkpoints is left in peace after 20 evictions, and that is said once."""
from clause import *

with World() as world:
    world.job("""
gate peace
: > result
""")
    process = world.start("run", "job.sub", "--evict-every", "20ms", "--evict", "fast")
    lines = []
    while "is not evicted any more" not in (line := process.stdout.readline()):
        assert line, f"no such line in {lines}"
        lines.append(line)
    world.open_gate("peace")
    finished = world.finish(process)
    assert "is not evicted any more" not in finished.out, "said twice"
    equal(world.query("SELECT evictions, state FROM jobs"), [(20, "completed")])
    equal(sum(number == "004" for number, _, _ in world.log()), 20)
