"""The two that a case runs under: a real pool, and Cairn."""
import os
import re
import subprocess
import time

from cases import DEFAULTS, PRELUDE
from outcome import Outcome, ad_lines, folder_lines, log_lines, read_log

PATIENCE = float(os.environ.get("CAIRN_PATIENCE", "90"))  # seconds after which a condition will never come true
ENDS = ("005", "009", "012")
ANSWERS = {"vacate": ("004", "005", "009", "012"), "vacate fast": ("004", "005", "009", "012"),
           "hold": ("012", "005"), "release": ("013",), "remove": ("009", "005")}
NOT_COMPARED = {"job.sh", "job.sub", "gates"}
SLOTS = 12  # jobs wait more than they work


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
    wait_for(running.at_rest, f"the end of {running.case.name}")


def read_ads(text):
    """{(cluster, proc): {name: expression}} of what `-long` prints."""
    ads = {}
    for block in re.split(r"\n\s*\n", text):
        ad = dict(line.split(" = ", 1) for line in block.splitlines() if " = " in line)
        if "ClusterId" in ad:
            ads[int(ad["ClusterId"]), int(ad["ProcId"])] = ad
    return ads


class PoolSide:
    one_by_one = False

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
                ads.update(read_ads(self.pool.run(*tool, "-long", "-constraint", wanted)))
            return ads if all((run.cluster, proc) in ads and ads[run.cluster, proc]["JobStatus"] in "345"
                              for run in runs for proc in range(run.procs)) else None
        ads = wait_for(read, "the job ads of all cases", 0.3)
        return {run.case.name: run.outcome([ads[run.cluster, proc] for proc in range(run.procs)], self.spool(run))
                for run in runs}


class CairnSide:
    """Cairn's background engine: one for all cases, as a pool is."""
    one_by_one = True

    def __init__(self, program, root):
        self.program, self.root, self.home = program, root, root / "home"
        self.engine = None

    def __enter__(self):
        self.said = (self.root / "engine.log").open("w")
        self.engine = subprocess.Popen(
            [self.program, "engine", "--foreground", "--contract=htcondor", f"--slots={SLOTS}", "--policy-interval=1s",
             "--idle-exit=never"], stdin=subprocess.DEVNULL, stdout=self.said, stderr=self.said, umask=0o022,
            env=self.environment())
        # Else the first submission would start one of its own, with Cairn's contract.
        until = time.monotonic() + PATIENCE
        while " serves " not in (self.root / "engine.log").read_text():
            assert self.engine.poll() is None and time.monotonic() < until, (self.root / "engine.log").read_text()
            time.sleep(0.01)
        return self

    # What still runs is of a case that failed.
    def __exit__(self, *_):
        self.engine.kill()
        self.engine.wait()
        self.said.close()

    def environment(self):
        return {**os.environ, "CAIRN_HOME": str(self.home)}

    def cairn(self, running, *words):
        return subprocess.run([self.program, *map(str, words)], cwd=running.folder, stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, umask=0o022, env=self.environment())

    def ask(self, running, *words):
        done = self.cairn(running, *words)
        if done.returncode != 0:
            raise Stuck(f"cairn {' '.join(map(str, words))}: {done.stdout}{done.stderr}")
        return done.stdout

    def prepare(self, cases):
        runs = []
        for case in cases:
            folder = self.root / case.name / "submit"
            folder.mkdir(parents=True)
            runs.append(Running(case, folder, str(folder)))
            runs[-1].write()
        return runs

    def begin(self, running):
        done = self.cairn(running, "submit", "--terse", "job.sub")
        if done.returncode != 0:
            running.refusal = done.stderr.strip().splitlines()[-1]
            return
        running.cluster = int(done.stdout.split(".")[0])

    def act(self, running, verb):
        done = self.cairn(running, *{"vacate fast": ("vacate", "--fast")}.get(verb, (verb,)), running.cluster)
        # One that is to be vacated may have left by itself just before: then the log has the answer, too.
        if done.returncode != 0 and not (verb.startswith("vacate") and "does not run" in done.stderr):
            raise Stuck(f"cairn {verb} {running.cluster}: {done.stdout}{done.stderr}")

    def spool(self, running):
        spool = self.home / f"{running.cluster}.0" / "spool"
        numbers = sorted(p for p in spool.glob("??????") if p.is_dir()) if spool.exists() else []
        return folder_lines(numbers[-1], {"MANIFEST"}) if numbers else []

    def finish(self, runs):
        outcomes = {}
        for run in runs:
            if run.refusal:
                outcomes[run.case.name] = run.outcome([], [])
                continue
            # The log says it before the queue does, or the other way round.
            def read():
                ads = read_ads(self.ask(run, "queue", run.cluster, "-long"))
                return ads if all(ads.get((run.cluster, proc), {}).get("JobStatus", "0") in "345"
                                  for proc in range(run.procs)) else None
            ads = wait_for(read, f"the end of {run.case.name} in the queue")
            for proc in range(run.procs):
                folder = self.home / f"{run.cluster}.{proc}"
                if ads[run.cluster, proc]["JobStatus"] in "34":
                    wait_for(lambda: not folder.exists(), f"the spool of {run.case.name} to be gone")
                # What it has printed is brought before its sandbox goes.
                wait_for(lambda: not list(folder.glob("sandbox-*")), f"the sandbox of {run.case.name} to be gone")
            outcomes[run.case.name] = run.outcome([ads[run.cluster, proc] for proc in range(run.procs)], self.spool(run))
        return outcomes
