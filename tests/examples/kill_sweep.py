"""Kills a sweep at random moments and compares its result with that of an undisturbed one.

kill_sweep.py --reference PROGRAM --last N --kills K PROGRAM.  There is no engine here: this is the least
that keeps a job going.  A program that leaves with 77 or is killed is started again, in the same folder or
with its checkpoint files only in another one.  CAIRN_SEED repeats a run.
"""
import argparse
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

LEAVE = 77
LISTED = ["state.ckpt", "results.csv"]  # as in the submit files


def run(program, last, folder, kill=None):
    """The exit status of one start.  `kill` is (signal, seconds after the start)."""
    environment = dict(os.environ, CAIRN_CHECKPOINT_EXIT_CODE=str(LEAVE))
    process = subprocess.Popen([program, "0", str(last)], cwd=folder, env=environment)
    try:
        return process.wait(timeout=kill[1] if kill else None)
    except subprocess.TimeoutExpired:
        process.send_signal(kill[0])
        return process.wait()


def move(folder, scratch, start):
    """Another folder with the listed files only, as a new sandbox has them."""
    moved = scratch / ("sandbox-%d" % start)
    moved.mkdir()
    for name in LISTED:
        if (folder / name).exists():
            (folder / name).rename(moved / name)
    shutil.rmtree(folder)
    return moved


def storm(program, last, kills, chance, scratch, span):
    """Runs `program` to its end through `kills` kills.  `span` is a guess of its time in seconds."""
    folder = scratch / "sandbox-0"
    folder.mkdir()
    leaves = killed = start = 0
    while True:
        start += 1
        assert start < 100, "the program does not come to its end"
        # SIGTERM saves, SIGKILL loses what was not saved: early ones keep the test short.
        kill = chance.choice([(signal.SIGTERM, chance.uniform(0, span / 4)),
                              (signal.SIGKILL, chance.uniform(0, span / 8))])
        status = run(program, last, folder, kill if killed < kills else None)
        print("start %d: %s, exit status %d" % (start, kill[0].name if killed < kills else "left alone", status))
        if status == 0:
            return folder, leaves, killed
        if status in (-signal.SIGKILL, -signal.SIGTERM):  # SIGTERM: before the session was open
            killed += 1
            continue
        assert status == LEAVE, "exit status %d" % status
        leaves += 1
        killed += kill[0] == signal.SIGTERM
        if chance.random() < 0.5:
            folder = move(folder, scratch, start)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--reference", required=True)
    parser.add_argument("--last", type=int, required=True)
    parser.add_argument("--kills", type=int, required=True)
    parser.add_argument("program")
    arguments = parser.parse_args()
    seed = int(os.environ.get("CAIRN_SEED", random.randrange(2**32)))
    print("seed=%d" % seed, flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        undisturbed = scratch / "undisturbed"
        undisturbed.mkdir()
        started = time.monotonic()
        while run(arguments.reference, arguments.last, undisturbed) == LEAVE:
            pass
        slower = 35 if arguments.program.endswith(".py") else 1
        span = (time.monotonic() - started) * slower
        folder, leaves, killed = storm(
            arguments.program, arguments.last, arguments.kills, random.Random(seed), scratch, span)
        expected = (undisturbed / "results.csv").read_bytes()
        assert expected.count(b"\n") == arguments.last // 100, "the reference is not whole"
        assert leaves >= arguments.last // 1000 - 1, "there were only %d checkpoint exits" % leaves
        assert (folder / "results.csv").read_bytes() == expected, "the results differ"
        print("%d kills, %d checkpoint exits, the same result" % (killed, leaves))


if __name__ == "__main__":
    sys.exit(main())
