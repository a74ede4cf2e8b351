"""queue N: as many at a time as there are slots."""
from clause import *

with World() as world:
    world.job("""
: > "$GATES/$1"
while [ ! -e "$GATES/0" ] || [ ! -e "$GATES/1" ] ; do sleep 0.01; done
echo $1 > result
""", arguments="$(Process)", transfer_output_remaps='"result=result.$(Process)"', output="out.$(Process)", error="err.$(Process)")
    world.write("job.sub", world.read("job.sub").replace("queue\n", "queue 3\n"))
    finished = world.run("--slots", 2, "--report", "report.json")
    equal([world.read(f"result.{n}") for n in range(3)], ["0\n", "1\n", "2\n"])
    contains(finished.out, "total")
    import json
    report = json.loads(world.read("report.json"))
    equal((report["ending"], [job["exit_code"] for job in report["jobs"]]), ("completed", [0, 0, 0]))
