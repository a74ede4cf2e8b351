"""Where a part of the tree of control groups is delegated, a job has a group of its own: it is limited by the kernel, at once,
counted with all that it started, and killed with it."""
import itertools
import json
import pathlib

import machine

machine.within()

from clause import *

TREE = pathlib.Path("/sys/fs/cgroup")
(TREE / "cgroup.subtree_control").write_text("+memory")
numbers = itertools.count(1)

# python3 take.py MEGABYTES [GATE]: takes it piece by piece, as fast as it goes.
TAKE = """
import os, sys, time
held = [b"x" * (1 << 20) for piece in range(int(sys.argv[1]))]
if len(sys.argv) > 2:
    gates = os.environ["GATES"]
    open(f"{gates}/{sys.argv[2]}.reached", "w").close()
    while not os.path.exists(f"{gates}/{sys.argv[2]}.open"):
        time.sleep(0.01)
open("result", "w").close()
"""
PYTHON = "/usr/bin/python3"


class World(World):
    """Cairn runs as `user` in a group that was given to it."""

    def __init__(self, user=0, given=True):
        super().__init__()
        self.user = user
        self.group = TREE / f"given-{next(numbers)}"
        self.group.mkdir()
        if user:
            for path in (self.group, *(self.group / f"cgroup.{name}" for name in ("procs", "subtree_control", "threads"))):
                os.chown(path, user, user)
            for path in (self.root, self.folder, self.gates):
                os.chown(path, user, user)
        elif given:
            os.setxattr(self.group, "trusted.delegate", b"1")  # as systemd does it
        self.write("take.py", TAKE)

    def start(self, verb, *arguments, program=CAIRN, stdin=None):
        if program != CAIRN or verb != "run" and "--foreground" not in arguments:
            return super().start(verb, *arguments, program=program, stdin=stdin)
        enter = f'echo $$ > {self.group}/cgroup.procs && exec '
        if self.user:
            enter += f'setpriv --reuid {self.user} --regid {self.user} --clear-groups '
        return super().start("-c", f'{enter} "$@"', "sh", program, verb, *arguments, program="/bin/sh", stdin=stdin)

    def taker(self, body, memory="100", queue="queue", **commands):
        self.job(body, queue=queue, transfer_input_files="take.py", request_memory=memory, **commands)

    def groups(self):
        return sorted(path.name for path in self.group.iterdir() if path.is_dir())

    def memory_mb(self):
        live = self.query("SELECT live FROM jobs")[0][0]
        found = re.search(r"^ResidentSetSize = (\d+)$", live, re.MULTILINE)
        return int(found[1]) / 1024 if found else 0

    def most_is_seen(self):
        """Of 60 MB: who was seen at 58 is not stored anew for what a tenth more would be."""
        return self.memory_mb() > 50


SENTENCE = (r"(?:Error from slot1@[^:]*: )?Job has gone over {}memory limit of {} megabytes\. Last measured usage: (\d+) megabytes\.  "
            r"Consider resubmitting with a higher request_memory\.")


def hold_is_right(world, word, limit, job="1.0"):
    code, subcode, reason = world.hold(job)
    equal((code, subcode), (34, 102))
    found = re.fullmatch(SENTENCE.format(word, limit), reason)
    assert found and limit - 1 <= int(found[1]) <= limit, reason


# ---- more than it asked for, before anybody could have looked: it is held, the engine and the job beside it live
for contract, word, limit in (("cairn", "", 100), ("htcondor", "cgroup ", 128)):
    with World() as world:
        world.taker(f'note "$step $1"\n[ $step = 0 ] && {{ save 1; exit 77; }}\n{PYTHON} take.py $1\n',
                    queue="queue arguments from (\n2000\n50\n)", transfer_output_remaps='"result = result-$(Process)"')
        world.run("--contract", contract, "--slots", "2", status=1)
        hold_is_right(world, word, limit)
        equal(world.checkpoints(), ["000000"])
        equal((world.state("1.1"), sorted(world.notes())), ("completed", ["0 2000", "0 50", "1 2000", "1 50"]))
        held = [(number, body) for number, _, body in world.log() if number == "012"]
        assert len(held) == 1 and "Code 34 Subcode 102" in held[0][1], held
        equal(world.groups(), ["engine"])


# ---- the canary: a group without a limit
def completes(limited):
    with World() as world:
        world.taker(f"gate begins\n{PYTHON} take.py 400\n")
        process = world.start("run", "job.sub")
        world.wait_for_gate("begins")
        limit = world.group / "job-1.0-1" / "memory.max"
        equal(limit.read_text(), f"{100 << 20}\n")
        equal((limit.parent / "memory.oom.group").read_text(), "1\n")
        if not limited:
            limit.write_text("max")
        world.open_gate("begins")
        world.finish(process, status=1 if limited else 0)
        return world.state() == "completed"


equal((completes(limited=True), completes(limited=False)), (False, True))

# ---- below its limit it is left in peace, however much it reads from a disk: what the kernel keeps of that is no use
with World() as world:
    world.taker(f"head -c 150M /dev/vda > /dev/null\n{PYTHON} take.py 60 holds\n")
    process = world.start("run", "job.sub")
    world.wait_for_gate("holds")
    wait_for(world.most_is_seen, "a look at its memory")
    assert int((world.group / "job-1.0-1" / "memory.peak").read_text()) > 90 << 20, "the files have not been counted by the kernel"
    world.open_gate("holds")
    world.finish(process)
    equal(world.state(), "completed")
    assert world.memory_mb() < 90, world.memory_mb()

# ---- what leaves its parents and its environment is counted, too, and ends with the job: also if the starter is killed, and
# also if it never comes to the starter at all
AWAY = f'env -i GATES="$GATES" setsid sh -c \'echo $$ > "$GATES/away.pid"; {PYTHON} take.py 60 away\' &\n'


def ends(world, kill):
    world.taker(f"if [ $step = 0 ]; then\n{AWAY}wait; gate never; fi\n: > result\n", max_retries="5")
    process = world.start("run", "job.sub")
    world.wait_for_gate("away")
    away = int((world.gates / "away.pid").read_text())
    if kill:
        wait_for(world.most_is_seen, "a look at its memory")
        (world.folder / "state").write_text("1")  # the next start needs nothing
        world.write("job.sh", "#!/bin/sh\n: > result\n", 0o755)
        os.kill(children_of(process.pid)[0], SIGKILL)
    world.finish(process)
    ended = not alive(away)
    if not ended:
        os.kill(away, SIGKILL)
    return ended


with World() as world:
    assert ends(world, kill=True), "what had gone away outlived its starter"
    equal(world.groups(), ["engine"])
with World(given=False) as world:  # the canary: without groups it is never found
    assert not ends(world, kill=True), "it was found without a group"

with World() as world:
    world.taker(f'({AWAY})\nwhile [ ! -e "$GATES/away.reached" ]; do sleep 0.02; done\n: > result\n')
    world.run()
    assert not alive(int((world.gates / "away.pid").read_text()))

# ---- killed for others' sake, it is not held: it goes on from its checkpoint
with World() as world:
    (world.group / "memory.max").write_text(str(200 << 20))
    world.taker('note "$step"\n[ $step = 0 ] && { save 1; exit 77; }\n'
                f'[ -e "$GATES/tried" ] || {{ : > "$GATES/tried"; exec {PYTHON} take.py 400; }}\n: > result\n', memory="1000")
    world.run()
    equal((world.state(), world.notes()), ("completed", ["0", "1", "1"]))

# ---- a user to whom a part is given needs no mark; and what is asked may follow from what was seen
with World(user=65534) as world:
    world.taker(f"cat /proc/self/cgroup >> \"$GATES/notes\"\n{PYTHON} take.py 150\n",
                memory="ifThenElse(MemoryUsage =!= undefined, 2 * MemoryUsage, 100)", periodic_release="HoldReasonCode == 34")
    world.run("--policy-interval", "1s")
    equal(world.notes(), [f"0::/{world.group.name}/job-1.0-{number}" for number in (1, 2)])

# ---- the background engine says which it is, and ends what a killed engine has left
with World() as world:
    world.taker(f"if [ $step = 0 ]; then save 1; exit 77; fi\n[ -e $GATES/away.pid ] || {{ {AWAY} }}\ngate runs\n: > result\n")
    engine = world.start("engine", "--foreground", "--idle-exit", "never")
    wait_for(world.engine, "the engine")
    world.cairn("submit", "job.sub")
    world.wait_for_gate("away")
    equal(json.loads(world.cairn("status", "--json").out)["engine"]["memory_limited_by"], "cgroup")
    contains(world.cairn("status").out, "memory  of jobs is limited by the kernel (cgroup v2)")
    # All of Cairn at once, as a power cut would do it but for the job.
    for pid in map(int, (world.group / "engine" / "cgroup.procs").read_text().split()):
        os.kill(pid, SIGKILL)
    engine.communicate()
    away = int((world.gates / "away.pid").read_text())
    assert alive(away)
    # systemd takes a dead service's groups away, or gives it them anew: then nothing is given on.
    (world.group / "cgroup.subtree_control").write_text("-memory")
    world.open_gate("runs")
    engine = world.start("engine", "--foreground", "--idle-exit", "never")
    world.cairn("wait", "1")
    assert not alive(away)
    world.cairn("engine", "--stop")
    contains(world.finish(engine).out, "memory is limited by the kernel (cgroup v2)")

# ---- where nothing is given
for given, why in ((False, "is not delegated"), (None, "other processes are in")):
    with World(given=given is None) as world:
        other = None
        if given is None:
            other = subprocess.Popen(["/bin/sh", "-c", f"echo $$ > {world.group}/cgroup.procs; exec sleep 1000"])
            wait_for(lambda: (world.group / "cgroup.procs").read_text(), "the other process")
        engine = world.start("engine", "--foreground")
        said = wait_for(lambda: json.loads(world.cairn("status", "--json").out)["engine"], "the engine")
        equal(said["memory_limited_by"], "polling")
        world.cairn("engine", "--stop")
        contains(world.finish(engine).out, why)
        if other:
            other.kill()
            other.wait()
        equal(world.groups(), [])
