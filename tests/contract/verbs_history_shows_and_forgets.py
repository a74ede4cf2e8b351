"""cairn history: the newest first, --limit, --prune."""
import json

from clause import *

with World() as world:
    contains(world.cairn("history").out, "ENDED")
    for code in (0, 3, 0):
        world.job(f": > result; exit {code}\n", max_retries=None)
        world.run(status=1 if code else 0)
    equal(world.cairn("history", "-af", "ClusterId", "ExitCode").out, "3 0\n2 3\n1 0\n")
    equal(world.cairn("history", "--limit", "1", "-af", "ClusterId").out, "3\n")
    equal(world.cairn("history", "-c", "ExitCode == 3", "-af", "ClusterId").out, "2\n")
    jobs = json.loads(world.cairn("history", "--json").out)["jobs"]
    equal([job["job"] for job in jobs], ["3.0", "2.0", "1.0"])
    contains(world.cairn("history", "--prune", "1h").out, "forgot 0 jobs")
    before = world.query("SELECT count(*) FROM clusters")[0][0]
    contains(world.cairn("history", "--prune", "0s").out, "forgot ")
    assert world.query("SELECT count(*) FROM clusters")[0][0] < before, "nothing was forgotten"
