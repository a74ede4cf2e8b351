#!/usr/bin/python3
"""How fast Cairn's engine is, beside a real HTCondor in the same run.

    engine_bench.py --build build/release [--pool] [--only NAME,...] [--large] [--json FILE]

What is measured is seen by the job itself: it writes the time of its start and of its exit to a file.

    restart    exit with 77 -> the program runs again in the same sandbox
    evict      the signal to leave -> the program runs again, from its checkpoint in a new sandbox
    jobs       trivial jobs a second with two slots, from the submission to the end of the last
    starters   memory and descriptors of a starter, while many jobs sleep at once

Nothing here passes or fails: speeds are measured, never asserted.  The pool is that of tests/integration/htcondor/pool.sh.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MB = 10**6
PATIENCE = 900  # seconds


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE, **options)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def wait_for(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise SystemExit(f"waited in vain for {what}")
        time.sleep(0.02)
    return value


def submit_file(program, arguments, timeline, **commands):
    settings = {
        "executable": program,
        "arguments": arguments,
        "environment": f'"TIMELINE={timeline}"' if timeline else None,
        "checkpoint_exit_code": "77",
        "transfer_checkpoint_files": "ckpt",
        "transfer_output_files": "result",
        "should_transfer_files": "YES",
        "when_to_transfer_output": "ON_EXIT",
        "output": "job.out",
        "error": "job.err",
        "log": "job.log",
        "request_cpus": "1",
        "request_memory": "64MB",
        "request_disk": "4GB",
        **commands,
    }
    queue = settings.pop("queue", "queue")
    return "\n".join([*(f"{name} = {value}" for name, value in settings.items() if value is not None), queue, ""])


# ---- the two sides: each runs a submit file in a folder and gives the job's timeline


class Cairn:
    name = "Cairn"

    def __init__(self, build, work):
        self.program = build / "cairn"
        self.work = work / "cairn"
        self.work.mkdir()
        self.trials = 0

    def folder(self):
        self.trials += 1
        folder = self.work / str(self.trials)
        folder.mkdir()
        return folder

    def timeline_in_job(self, folder):
        return folder / "timeline"

    def run(self, folder, *options):
        home = folder / "home"
        run(self.program, "run", "job.sub", "--quiet", *options, cwd=folder,
            env={**os.environ, "CAIRN_HOME": str(home)})

    def evict(self, folder, evictions):
        # Each start is asked to leave once; the last execution is long enough to be left in peace.
        self.run(folder, "--evict-every", "300ms", "--slots", "1")

    def jobs(self, folder, _count):
        begin = time.monotonic()
        self.run(folder, "--slots", "2")
        return time.monotonic() - begin


class Pool:
    name = "HTCondor"

    def __init__(self, work, cpus=2):
        self.script = pathlib.Path(os.environ.get("CAIRN_POOL_SCRIPT", ROOT / "tests/integration/htcondor/pool.sh"))
        self.state = work / "pool"
        self.environment = {**os.environ, "HTC_CPUS": str(cpus), "HTC_QUIET": "1"}
        self.pool("install")
        self.pool("start")
        self.share = next(path for path in (self.state / "share", self.script_folder() / "share") if path.is_dir())
        self.trials = 0
        version = run(*self.words("exec", "condor_version"), cwd=self.share, env=self.environment)
        self.version = re.search(r"CondorVersion: (\S+)", version)[1]

    def script_folder(self):
        return pathlib.Path(os.environ.get("HTC_DIR", "~/.cache/cairn/htcondor-pool")).expanduser()

    def words(self, *words):
        return [self.script, "-s", self.state, *words]

    def pool(self, *words):
        return run(*self.words(*words), env=self.environment)

    def run_in(self, folder, *words):
        return run(*self.words("exec", *words), cwd=folder, env=self.environment)

    def stop(self):
        self.pool("stop")

    def folder(self):
        self.trials += 1
        folder = self.share / f"bench-{os.getpid()}-{self.trials}"
        folder.mkdir()
        folder.chmod(0o1777)
        return folder

    def timeline_in_job(self, folder):
        return f"/share/{folder.name}/timeline"

    def submit(self, folder):
        if os.getuid() == 0:
            for path in (folder, *folder.iterdir()):
                os.chown(path, 4242, 4242)
        out = self.run_in(folder, "condor_submit", "job.sub")
        return int(re.search(r"cluster (\d+)", out)[1])

    def wait(self, folder, cluster):
        def over():
            left = self.run_in(folder, "condor_q", str(cluster), "-af", "JobStatus", "HoldReason").strip()
            if left.startswith("5"):
                raise SystemExit(f"the pool holds job {cluster}: {left}")
            return not left

        wait_for(over, f"the pool to finish cluster {cluster}")

    def run(self, folder, *_):
        self.wait(folder, self.submit(folder))

    def evict(self, folder, evictions):
        cluster = self.submit(folder)
        for number in range(1, evictions + 1):
            wait_for(lambda: len(events(folder, "START")) >= number and events(folder, "CKPT"), "a start")
            time.sleep(0.3)
            before = len(events(folder, "SIGTERM"))
            self.run_in(folder, "condor_vacate_job", str(cluster))
            wait_for(lambda: len(events(folder, "SIGTERM")) > before, "the signal")
            wait_for(lambda: timeline(folder)[-1][1] == "START" or events(folder, "DONE"), "the next start")
        self.run_in(folder, "condor_rm", str(cluster))
        self.wait(folder, cluster)

    def jobs(self, folder, _count):
        begin = time.monotonic()
        self.run(folder)
        return time.monotonic() - begin


def timeline(folder):
    path = folder / "timeline"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(float(when), what) for when, what, *_ in map(str.split, lines)]


def events(folder, kind):
    return [when for when, what in timeline(folder) if what == kind]


def gaps(folder, begin, end):
    """Milliseconds from each `begin` to the next `end`."""
    found, since = [], None
    for when, what in timeline(folder):
        if what == begin:
            since = when
        elif what == end and since is not None:
            found.append((when - since) * 1000)
            since = None
    return found


# ---- what is measured


class Bench:
    def __init__(self, build, work):
        self.build = build
        self.work = work
        run("cc", "-O2", "-static", "-o", work / "countjob", HERE / "countjob.c")
        run("c++", "-std=c++20", "-O2", "-o", work / "statejob", HERE / "statejob.cc", f"-I{ROOT}/include",
            build / "libcairn.so.0", "-Wl,-rpath,$ORIGIN", "-static-libstdc++", "-static-libgcc")

    def prepare(self, side, program, arguments, size, **commands):
        folder = side.folder()
        # restore() holds a state twice for a moment.
        commands = {"request_memory": f"{64 + 3 * size // MB}MB", **commands}
        shutil.copy(self.work / program, folder)
        if program == "statejob":
            shutil.copy(self.build / "libcairn.so.0", folder)
            commands = {"transfer_checkpoint_files": "state.ckpt", "transfer_input_files": "libcairn.so.0", **commands}
        (folder / "job.sub").write_text(
            submit_file(program, arguments, side.timeline_in_job(folder), **commands))
        return folder

    def restart(self, side, program, count, size):
        folder = self.prepare(side, program, f"{count + 1} 50 {size}", size)
        side.run(folder)
        return gaps(folder, "CKPT", "START")

    def evict(self, side, program, count, size):
        # Here it is evicted until it ends, in the pool so often, and then removed.
        steps = count * 4 if isinstance(side, Cairn) else 10**6
        folder = self.prepare(side, program, f"{steps} 100 {size}", size)
        side.evict(folder, count)
        return gaps(folder, "SIGTERM", "START")

    def jobs(self, side, count):
        folder = side.folder()
        shutil.copy("/bin/true", folder / "true")
        (folder / "job.sub").write_text(submit_file(
            "true", "", None, queue=f"queue {count}", transfer_checkpoint_files=None, transfer_output_files=None,
            checkpoint_exit_code=None, output=None, error=None, transfer_executable="YES"))
        return count / side.jobs(folder, count)

    def queued(self, side, count):
        """Seconds of `cairn submit` and of `cairn queue`, and the engine's bytes for each job (of its own memory)."""
        folder = side.folder()
        environment = {**os.environ, "CAIRN_HOME": str(folder / "home")}

        def timed(*words):
            begin = time.monotonic()
            run(side.program, *words, cwd=folder, env=environment)
            return time.monotonic() - begin

        def memory():
            text = pathlib.Path(f"/proc/{engine}/smaps_rollup").read_text()
            return sum(int(kb) for kb in re.findall(r"^Private_(?:Clean|Dirty): +(\d+)", text, re.M)) * 1024

        for name, queue in ("one", "queue"), ("job", f"queue {count}"):
            (folder / f"{name}.sub").write_text(submit_file(
                "/bin/true", "$(Process)", None, queue=queue, transfer_checkpoint_files=None, transfer_output_files=None,
                checkpoint_exit_code=None, transfer_executable="NO", requirements="false"))
        timed("submit", "one.sub")  # which starts the engine
        engine = int(re.match(r"pid (\d+) ", (folder / "home" / "engine" / "lock").read_text())[1])
        before = memory()
        submit, queue = timed("submit", "job.sub"), timed("queue")
        each = (memory() - before) / count
        timed("engine", "--stop")
        return submit, queue, each

    def starters(self, side, count):
        """Of each starter: memory of its own (KB), its share of all memory (KB), descriptors, threads."""
        folder = side.folder()
        (folder / "job.sub").write_text(submit_file(
            "/bin/sleep", "1000", None, queue=f"queue {count}", transfer_checkpoint_files=None,
            transfer_output_files=None, checkpoint_exit_code=None, output=None, error=None, log=None,
            transfer_executable="NO"))
        engine = subprocess.Popen([side.program, "run", "job.sub", "--quiet", "--slots", str(count)], cwd=folder,
                                  env={**os.environ, "CAIRN_HOME": str(folder / "home")}, stdin=subprocess.DEVNULL)
        begin = time.monotonic()
        children = lambda pid: list(map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
        wait_for(lambda: sum(len(children(pid)) for pid in children(engine.pid)) == count, f"{count} sleepers")
        elapsed = time.monotonic() - begin
        found = []
        for pid in children(engine.pid):
            memory = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            private = sum(int(kb) for kb in re.findall(r"^Private_(?:Clean|Dirty): +(\d+)", memory, re.M))
            found.append((private, int(re.search(r"^Pss: +(\d+)", memory, re.M)[1]),
                          len(os.listdir(f"/proc/{pid}/fd")), len(os.listdir(f"/proc/{pid}/task"))))
        for _ in range(2):
            engine.terminate()
        engine.wait()
        return elapsed, [statistics.mean(column) for column in zip(*found)]


def quantile(values, q):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


#       name, what it is, arguments, counts with Cairn and with the pool
RESTARTS = [
    ("restart", "restart in place, a few bytes", "countjob", 0, 100, 100),
    ("restart-state", "restart in place, libcairn, small", "statejob", 8, 60, 40),
    ("restart-100MB", "restart in place, a file of 100 MB", "countjob", 100 * MB, 20, 15),
    ("restart-state-100MB", "restart in place, libcairn, 100 MB", "statejob", 100 * MB, 12, 10),
]
LARGE = [
    ("restart-1GB", "restart in place, a file of 1 GB", "countjob", 1000 * MB, 6, 5),
    ("restart-state-1GB", "restart in place, libcairn, 1 GB", "statejob", 1000 * MB, 6, 5),
]
EVICTIONS = [
    ("evict", "eviction, a few bytes", "countjob", 0, 20, 10),
    ("evict-state-100MB", "eviction, libcairn, 100 MB", "statejob", 100 * MB, 10, 5),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--pool", action="store_true", help="measure a real HTCondor, too")
    parser.add_argument("--only", default="", help="names, separated by commas")
    parser.add_argument("--large", action="store_true", help="also checkpoints of 1 GB")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("/tmp"))
    chosen = parser.parse_args()
    only = set(filter(None, chosen.only.split(",")))
    wanted = lambda name: not only or name in only
    work = pathlib.Path(tempfile.mkdtemp(prefix="cairn-bench-", dir=chosen.work))
    work.chmod(0o755)
    sides, rows = [], []
    try:
        bench = Bench(chosen.build.resolve(), work)
        sides.append(Cairn(chosen.build.resolve(), work))
        if chosen.pool:
            sides.append(Pool(work))
            print(f"HTCondor {sides[1].version}, 2 slots")
        print(f"{'':38}{'':10}{'n':>5}{'min':>9}{'median':>9}{'p90':>9}{'max':>9}   ms")
        plan = [(*row, bench.restart) for row in RESTARTS + (LARGE if chosen.large else [])]
        plan += [(*row, bench.evict) for row in EVICTIONS]
        for name, title, program, size, with_cairn, with_pool, measure in plan:
            if not wanted(name):
                continue
            medians = []
            for side in sides:
                counted = with_cairn if side is sides[0] else with_pool
                values = measure(side, program, counted, size)
                figures = [min(values), statistics.median(values), quantile(values, 0.9), max(values)]
                medians.append(figures[1])
                rows.append({"name": name, "side": side.name, "n": len(values), "median_ms": figures[1],
                             "min_ms": figures[0], "p90_ms": figures[2], "max_ms": figures[3]})
                print(f"{title:38}{side.name:10}{len(values):5}" + "".join(f"{x:9.2f}" for x in figures), flush=True)
                title = ""
            if len(medians) == 2:
                print(f"{'':38}{'ratio':10}{'':5}{'':9}{medians[1] / medians[0]:9.1f}")
        if wanted("jobs"):
            rates = []
            for side in sides:
                rates.append(bench.jobs(side, 400 if side is sides[0] else 40))
                rows.append({"name": "jobs", "side": side.name, "jobs_per_second": rates[-1]})
                print(f"{'trivial jobs a second, 2 slots':38}{side.name:10}{'':5}{'':9}{rates[-1]:9.1f}", flush=True)
            if len(rates) == 2:
                print(f"{'':38}{'ratio':10}{'':5}{'':9}{rates[0] / rates[1]:9.1f}")
        if wanted("queued"):
            count = 100_000
            submit, queue, each = bench.queued(sides[0], count)
            rows.append({"name": "queued", "side": "Cairn", "n": count, "submit_s": submit, "queue_s": queue, "bytes_a_job": each})
            print(f"{count} jobs: submitted in {submit:.2f} s, cairn queue {queue:.2f} s, {each:.0f} bytes of the engine a job")
        if wanted("starters"):
            count = 1000 if chosen.large else 200
            elapsed, (private, share, descriptors, threads) = bench.starters(sides[0], count)
            rows.append({"name": "starters", "side": "Cairn", "n": count, "private_kb": private, "pss_kb": share,
                         "descriptors": descriptors, "threads": threads, "seconds": elapsed})
            print(f"{count} starters: each {private:.0f} KB private, {share:.0f} KB PSS, {descriptors:.0f} descriptors, "
                  f"{threads:.0f} thread; all sleep after {elapsed:.1f} s")
        if chosen.json:
            chosen.json.write_text(json.dumps({"rows": rows, "machine": os.uname().release}, indent=1) + "\n")
    finally:
        for side in sides[1:]:
            side.stop()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
