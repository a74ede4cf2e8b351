"""Thousands of jobs are held, released and removed by one command, with one wait for the disk for a thousand of them."""
from clause import *

JOBS = 1500

with World() as world:
    world.job(": > result\n", request_memory="1000000000", log=None)  # none can run here
    world.write("job.sub", world.read("job.sub").replace("queue\n", f"queue {JOBS}\n"))
    world.cairn("submit", "job.sub")
    count = lambda state: world.query(f"SELECT count(*) FROM jobs WHERE state = '{state}'")[0][0]
    syncs = world.folder / "syncs"
    # The first request alone: each call of a traced process costs two changes of process.
    tracer = None
    if shutil.which("strace"):
        tracer = subprocess.Popen(["strace", "-f", "-c", "-e", "trace=fsync,fdatasync", "-o", syncs, "-p", str(world.engine())],
                                  stderr=subprocess.PIPE, text=True)
        world.started.append(tracer)
        contains(tracer.stderr.readline(), "attached")
    contains(world.cairn("hold", "1").out, f"cluster 1: {JOBS} jobs: each is held")
    equal(count("held"), JOBS)
    if tracer:
        tracer.send_signal(SIGINT)
        tracer.wait()
        calls = sum(int(line.split()[3]) for line in syncs.read_text().splitlines() if "sync" in line)
        assert calls < JOBS / 10, f"{calls} waits for the disk"
    contains(world.cairn("release", "1").out, f"cluster 1: {JOBS} jobs: each is released")
    equal(count("idle"), JOBS)
    contains(world.cairn("remove", "1").out, f"cluster 1: {JOBS} jobs: each is removed")
    equal(count("removed"), JOBS)
    world.cairn("engine", "--stop")
