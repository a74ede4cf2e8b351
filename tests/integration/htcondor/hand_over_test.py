"""A job that is handed to a real pool by `cairn submit --pool htcondor`, followed there by itself, and asked."""
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import time

from pool import Pool

CAIRN = os.environ["CAIRN"]
PATIENCE = 300  # it shares its machine and its pool
JOB = """#!/bin/sh
gate() { [ -e "$GATES/$1.reached" ] && return; : > "$GATES/$1.reached"; while [ ! -e "$GATES/$1.open" ]; do sleep 0.05; done; }
step=0; [ -f state ] && step=$(cat state)
echo "$step" >> "$GATES/starts"
[ "$step" -lt 2 ] && { echo $((step + 1)) > state; exit 77; }
gate work
echo "$step" > result
"""
SUBMIT = """executable = job.sh
environment = "GATES={gates}"
checkpoint_exit_code = 77
transfer_checkpoint_files = state
transfer_output_files = result
should_transfer_files = YES
max_retries = 3
log = job.log
request_memory = 32
request_disk = 1M
queue
"""

pool = Pool()
root = pool.work / "hand-over"
shutil.rmtree(root, ignore_errors=True)
folder, gates, home = root / "submit", root / "gates", root / "home"
for each in (folder, gates):
    each.mkdir(parents=True)
(folder / "job.sh").write_text(JOB)
(folder / "job.sh").chmod(0o755)
(folder / "job.sub").write_text(SUBMIT.format(gates=gates))
pool.give(root)
environment = {**os.environ, "CAIRN_HOME": str(home), "PATH": f"{pool.commands(root / 'bin')}:{os.environ['PATH']}"}


def cairn(*arguments, status=0):
    done = subprocess.run([CAIRN, *arguments], cwd=folder.parent, env=environment, text=True, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=PATIENCE)
    assert done.returncode == status, f"cairn {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def wait_for(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


# What the pool refuses is said in its words, and nothing is in the queue.
(folder / "wrong.sub").write_text("executable = absent.sh\nlog = x\nqueue\n")
said = cairn("submit", "--pool", "htcondor", "submit/wrong.sub", "--no-lint", status=2)
assert "condor_submit: " in said and "absent.sh" in said and said.count("\n") == 1, said

# What cairn lint finds stops it before the pool is asked.
(folder / "zero.sub").write_text(SUBMIT.format(gates=gates).replace("exit_code = 77", "exit_code = 0"))
said = cairn("submit", "--pool", "htcondor", "submit/zero.sub", status=2)
assert "zero.sub:3: error CL" in said and "--no-lint" in said, said

said = cairn("submit", "--pool", "htcondor", "submit/job.sub")
assert said.startswith("cluster 1: 1 job handed to htcondor 23."), said
with sqlite3.connect(f"file:{home}/queue.sqlite?mode=ro", uri=True) as database:
    runner, pool_id = database.execute("SELECT runner, pool_id FROM clusters").fetchone()
assert runner == "htcondor" and pool_id.isdigit(), (runner, pool_id)

following = subprocess.Popen([CAIRN, "log", "1", "--follow"], env=environment, stdin=subprocess.DEVNULL, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
waiting = subprocess.Popen([CAIRN, "wait", "1"], env=environment, stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT)


def state():
    [job] = json.loads(cairn("queue", "1", "--jobs", "--json"))["jobs"]
    return job["state"], job.get("last_checkpoint")


wait_for(lambda: (gates / "work.reached").exists(), "the job at its gate")
wait_for(lambda: state() == ("running", 1), "the queue to say so")
assert "of job 1.0" in cairn("fetch", "1", "--to", str(root / "checkpoint"))
assert (root / "checkpoint" / "state").read_text() == "2\n"
cairn("hold", "1", "--reason", "a look")
wait_for(lambda: state()[0] == "held", "the job to be held")
assert "a look" in cairn("status", "1")
assert waiting.wait(PATIENCE) == 1  # a held job is waited for no more
assert "is held" in waiting.stdout.read()
cairn("release", "1")
(gates / "work.open").touch()
assert "1 of 1 job completed with exit code 0" in cairn("wait", "1")
said = following.communicate(timeout=PATIENCE)[0]
assert following.returncode == 0 and "submitted" in said and "held" in said and said.endswith("exited with 0\n"), said
assert "Job terminated" in cairn("log", "1", "--events")
assert (folder / "result").read_text() == "2\n"
assert (gates / "starts").read_text() == "0\n1\n2\n2\n"
