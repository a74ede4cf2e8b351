"""However many look at a pool at once, each event of its log is told once, and the job's story goes on."""
import os

from clause import *

LOOKS = 8
EVENT = "022 (038.000.000) 2026-11-28 10:00:00 Job disconnected, attempting to reconnect\n    gone\n...\n"

with World() as world:
    tools = world.root / "bin"
    tools.mkdir()
    os.environ["PATH"] = f"{tools}:{os.environ['PATH']}"
    log = world.folder / "job.log"
    ad = f'ClusterId = 38\nProcId = 0\nTotalSubmitProcs = 1\nUserLog = "{log}"\nQDate = 1795800000\n'
    for name, says in {"condor_version": "$CondorVersion: 23.9.6 $", "condor_q": ad,
                       "condor_submit": f'38.0 - 38.0\nUserLog="{log}"'}.items():
        (tools / name).write_text(f"#!/bin/sh\ncat <<'X'\n{says}\nX\n")
        (tools / name).chmod(0o755)
    world.job("exit 0\n")
    contains(world.cairn("submit", "--no-lint", "--pool", "htcondor", "job.sub").out, "where it is 38")
    (told,) = world.query("SELECT count(*) FROM events")[0]

    for step in range(3):
        with log.open("a") as file:
            file.write(EVENT * 100)
        looks = [world.start("queue") for _ in range(LOOKS)]
        for look in looks:
            equal(world.finish(look).err, "")
    world.cairn("queue")
    said = "SELECT count(*) FROM events WHERE text LIKE '%out of reach%'"
    equal(world.query(said), [(300 - told,)])  # a submission tells one event, in place of the first of the log
    with log.open("a") as file:
        file.write("005 (038.000.000) 2026-11-28 10:00:01 Job terminated.\n\t(1) Normal termination (return value 0)\n...\n")
    contains(world.cairn("wait", 1).out, "1 of 1 job completed with exit code 0")
