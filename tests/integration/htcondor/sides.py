"""The two that a case runs under: a real pool, and Cairn."""
import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import threading
import time

from cases import DEFAULTS, PRELUDE
from outcome import Outcome, ad_lines, folder_lines, log_lines, read_log

PATIENCE = float(os.environ.get("CAIRN_PATIENCE", "90"))  # seconds after which a condition will never come true
ENDS = ("005", "009", "012")
ANSWERS = {"vacate": ("004", "005", "009", "012"), "vacate fast": ("004", "005", "009", "012"),
           "hold": ("012", "005"), "release": ("013",), "remove": ("009", "005")}
NOT_COMPARED = {"job.sh", "job.sub", "gates"}
# Of the attributes that are recorded, those that Cairn's queue keeps, too.
COMPARED_ATTRIBUTES = {"CheckpointNumber", "ExitBySignal", "HoldReasonCode", "HoldReasonSubCode", "JobStatus", "NumJobCompletions",
                       "NumJobStarts"}
STATUS = {"idle": 1, "removed": 3, "completed": 4, "held": 5}


class Stuck(Exception):
    pass


class Progress:
    """When something last came true, in any case: a machine that is busy elsewhere is slow, not stuck."""
    newest = time.monotonic()


def wait_for(condition, what, pause=0.05):
    begin = time.monotonic()
    while not (value := condition()):
        if time.monotonic() > max(begin, Progress.newest) + PATIENCE:
            raise Stuck(f"waited in vain for {what}")
        time.sleep(pause)
    Progress.newest = time.monotonic()
    return value


class Running:
    """One case under one side, and what has been seen of it."""

    def __init__(self, case, folder, inside):
        self.case, self.folder, self.inside = case, folder, inside  # inside: as the job names the folder
        self.gates = folder / "gates"
        self.cluster = None
        self.seen = 0  # events of the log that have been waited for
        self.looks = []
        self.surprise = None  # what ended the script early
        self.refusal = None   # why it was not taken

    def write(self):
        self.gates.mkdir(parents=True)
        settings = {**DEFAULTS, "environment": '"GATES=@GATES@"', **self.case.submit}
        lines = [f"{name} = {value}" for name, value in settings.items() if value is not None]
        text = "\n".join([*lines, self.case.queue, ""])
        text = text.replace("@GATES@", f"{self.inside}/gates").replace("@FOLDER@", self.inside)
        (self.folder / "job.sub").write_text(text)
        program = self.folder / "job.sh"
        program.write_text(PRELUDE + self.case.body)
        program.chmod(0o755)
        for name, content in self.case.inputs.items():
            path = self.folder / name
            if content is None:
                path.mkdir(exist_ok=True)
                continue
            content, mode = content if isinstance(content, tuple) else (content, 0o644)
            path.write_text(content)
            path.chmod(mode)

    @property
    def procs(self):
        return int((self.case.queue.split() + ["1"])[1])

    def log_files(self):
        if self.case.submit.get("log", "").startswith("log."):
            return [self.folder / f"log.{proc}" for proc in range(self.procs)]
        return [self.folder / "job.log"]

    def events(self):
        return [event for path in self.log_files() for event in read_log(path)]

    def await_event(self, numbers, word=""):
        def found():
            events = self.events()
            for i in range(self.seen, len(events)):
                if events[i].number in numbers and word in events[i].headline:
                    self.seen = i + 1
                    return True
            return False
        wait_for(found, f"event {' or '.join(numbers)} {word} in the log of {self.case.name}")

    def at_rest(self):
        events = self.events()
        for proc in range(self.procs):
            changes = [e.number for e in events if e.proc == proc and e.number in (*ENDS, "000", "013", "001")]
            if not changes or changes[-1] not in ENDS:
                return False
        return True

    def notes(self):
        path = self.gates / "notes"
        return path.read_text().splitlines() if path.exists() else []

    def outcome(self, ads, last_spool):
        outcome = Outcome()
        if self.refusal:
            outcome.add("refused", [self.refusal])
            return outcome
        events = self.events()
        for proc in range(self.procs):
            mark = f" of proc {proc}" if self.procs > 1 else ""
            outcome.add(f"log{mark}", log_lines(events, proc))
            outcome.add(f"ad{mark}", ad_lines(ads[proc], self.case.timed))
        outcome.add("notes", self.notes())
        if self.surprise:
            outcome.add("script", [self.surprise])
        for i, look in enumerate(self.looks):
            outcome.add(f"spool, look {i + 1}", look)
        if last_spool:
            outcome.add("spool at the end", last_spool)
        logs = {path.name for path in self.log_files()}
        outcome.add("folder", folder_lines(self.folder, NOT_COMPARED | logs))
        return outcome


def play(side, running):
    """The script of the case, then its end."""
    for step in running.case.script:
        verb, _, rest = step.partition(" ")
        if verb == "at":
            wait_for(lambda: (running.gates / f"{rest}.reached").exists() or running.at_rest(),
                     f"{running.case.name} at gate {rest}")
            if not (running.gates / f"{rest}.reached").exists():
                running.surprise = f"ended before gate {rest}"
                return
        elif verb == "open":
            (running.gates / f"{rest}.open").touch()
        elif verb == "logged":
            number, _, word = rest.partition(" ")
            running.await_event((number,), word)
        elif verb == "look":
            running.looks.append(side.spool(running))
        else:
            running.seen = len(running.events())
            side.act(running, step)
            running.await_event(ANSWERS[step])
            side.acted(running, step)
    wait_for(running.at_rest, f"the end of {running.case.name}")


class PoolSide:
    name = "htcondor"

    def __init__(self, pool, root):
        self.pool, self.root = pool, root  # root: a folder in the pool's share

    def prepare(self, cases):
        runs = []
        for case in cases:
            folder = self.root / case.name
            runs.append(Running(case, folder, f"/share/{self.root.name}/{case.name}"))
            runs[-1].write()
        self.pool.give(self.root)
        # One call for all: each costs a start in the pool's namespaces.
        script = 'for name; do printf "%s " "$name"; (cd "$name" && condor_submit -terse job.sub 2>&1 | tr "\\n" " "); echo; done'
        answers = self.pool.run("sh", "-c", script, "sh", *(run.case.name for run in runs), cwd=self.root)
        for run, answer in zip(runs, answers.splitlines()):
            match = re.match(rf"{run.case.name} .*?(\d+)\.0 - \d+\.\d+ *$", answer)
            assert match, f"condor_submit of {answer}"
            run.cluster = int(match[1])
        return runs

    def act(self, running, verb):
        command = {"vacate": ["condor_vacate_job"], "vacate fast": ["condor_vacate_job", "-fast"], "hold": ["condor_hold"],
                   "release": ["condor_release"], "remove": ["condor_rm"]}[verb]
        self.pool.run(*command, running.cluster)

    def acted(self, running, verb):
        pass

    def spool(self, running):
        return folder_lines(self.pool.spool(running.cluster, 0))

    def finish(self, runs):
        """{run: outcome}, once nothing happens any more."""
        if not runs:
            return {}
        wanted = " || ".join(f"ClusterId == {run.cluster}" for run in runs)
        def read():
            ads = {}
            for tool in (["condor_q", "-allusers"], ["condor_history"]):
                text = self.pool.run(*tool, "-long", "-constraint", wanted)
                for block in re.split(r"\n\s*\n", text):
                    ad = dict(line.split(" = ", 1) for line in block.splitlines() if " = " in line)
                    if "ClusterId" in ad:
                        ads[int(ad["ClusterId"]), int(ad["ProcId"])] = ad
            return ads if all((run.cluster, proc) in ads and ads[run.cluster, proc]["JobStatus"] in "345"
                              for run in runs for proc in range(run.procs)) else None
        ads = wait_for(read, "the job ads of all cases", 0.3)
        return {run.case.name: run.outcome([ads[run.cluster, proc] for proc in range(run.procs)], self.spool(run))
                for run in runs}


class CairnSide:
    """`cairn run`, interrupted where the job is to be evicted, and started again."""
    name = "cairn"

    def __init__(self, program, root):
        self.program, self.root = program, root
        self.processes = {}

    def prepare(self, cases):
        runs = []
        for case in cases:
            folder = self.root / case.name / "submit"
            folder.mkdir(parents=True)
            runs.append(Running(case, folder, str(folder)))
            runs[-1].write()
            runs[-1].cluster = 1
        return runs

    def home(self, running):
        return running.folder.parent / "home"

    def start(self, running):
        log = (running.folder.parent / "cairn.log").open("a")
        self.processes[running.case.name] = subprocess.Popen(
            [self.program, "run", "job.sub", "--contract=htcondor", "--quiet"], cwd=running.folder, stdin=subprocess.DEVNULL,
            stdout=log, stderr=log, umask=0o022, env={**os.environ, "CAIRN_HOME": str(self.home(running))})

    def begin(self, running):
        self.start(running)
        process = self.processes[running.case.name]
        wait_for(lambda: running.events() or process.poll() is not None, f"the start of {running.case.name}")
        if not running.events():
            running.refusal = (running.folder.parent / "cairn.log").read_text().strip().splitlines()[-1]

    def cairn(self, running, *words):
        done = subprocess.run([self.program, *words], cwd=running.folder, stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, env={**os.environ, "CAIRN_HOME": str(self.home(running))})
        if done.returncode != 0:
            raise Stuck(f"cairn {' '.join(words)}: {done.stdout}{done.stderr}")

    # Who runs the jobs of a cluster owns them: it is interrupted before something is asked of them.
    def act(self, running, verb):
        process = self.processes[running.case.name]
        if verb in ("vacate", "vacate fast", "hold", "remove"):
            process.send_signal(signal.SIGINT)
        if verb in ("hold", "release", "remove"):
            process.wait(PATIENCE)
            self.cairn(running, verb, "1")
        if verb == "release":
            self.start(running)

    def acted(self, running, verb):
        if verb in ("vacate", "vacate fast"):
            self.processes[running.case.name].wait(PATIENCE)
            if running.events()[-1].number not in ENDS:
                self.start(running)

    def spool(self, running):
        spool = self.home(running) / "1.0" / "spool"
        numbers = sorted(p for p in spool.glob("??????") if p.is_dir()) if spool.exists() else []
        return folder_lines(numbers[-1], {"MANIFEST"}) if numbers else []

    def ad(self, running, proc):
        database = sqlite3.connect(f"file:{self.home(running)}/queue.sqlite?mode=ro", uri=True, timeout=10)
        database.row_factory = sqlite3.Row
        row = database.execute("SELECT * FROM jobs WHERE cluster = 1 AND proc = ?", (proc,)).fetchone()
        database.close()
        values = {"CheckpointNumber": row["last_checkpoint"], "JobStatus": STATUS.get(row["state"], 2),
                  "NumJobStarts": row["activation"], "HoldReasonCode": row["hold_code"], "HoldReasonSubCode": row["hold_subcode"],
                  "NumJobCompletions": row["completions"] + (row["state"] == "completed"),
                  "ExitBySignal": "true" if row["exit_by_signal"] else "false"}
        return {name: str(value) for name, value in values.items() if value is not None}

    def finish(self, runs):
        outcomes = {}
        for run in runs:
            process = self.processes.pop(run.case.name)
            process.wait(PATIENCE)
            if run.refusal:
                outcomes[run.case.name] = run.outcome([], [])
                continue
            outcomes[run.case.name] = run.outcome([self.ad(run, proc) for proc in range(run.procs)], self.spool(run))
        return outcomes

    def stop(self, running):
        process = self.processes.pop(running.case.name, None)
        if process and process.poll() is None:
            process.kill()
            process.wait()
