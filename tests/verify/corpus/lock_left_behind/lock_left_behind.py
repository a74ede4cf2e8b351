#!/usr/bin/python3
"""Flaw: a lock file that only an orderly end removes; after a kill the job refuses to start, for ever."""
import os
import sys
from careful import LEAVE, publish, restore, run, save, work


def main():
    steps, seed = int(sys.argv[1]), int(sys.argv[2])
    try:
        os.close(os.open("job.lock", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        sys.exit("job.lock is there: another process works in this folder")
    try:
        state = restore() or {"step": 0, "value": seed}
        while state["step"] < steps:
            state["value"] = work(state["value"])
            state["step"] += 1
            if state["step"] % 10 == 0 and state["step"] < steps:
                save(state)
                return LEAVE
        publish("results.csv", b"%d\n" % state["value"])
        return 0
    finally:
        os.unlink("job.lock")


run(main)
