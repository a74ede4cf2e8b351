#!/usr/bin/python3
"""Flaw: SIGTERM ends it with exit status 0: the job counts as done, without its result."""
import signal
import sys
from careful import LEAVE, publish, restore, run, save, work


def main():
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    steps, seed = int(sys.argv[1]), int(sys.argv[2])
    state = restore() or {"step": 0, "value": seed}
    while state["step"] < steps:
        state["value"] = work(state["value"])
        state["step"] += 1
        if state["step"] % 10 == 0 and state["step"] < steps:
            save(state)
            return LEAVE
    publish("results.csv", b"%d\n" % state["value"])
    return 0


run(main)
