#!/usr/bin/python3
"""Flaw: the time of the first start is part of the state, and of the result."""
import sys
import time
from careful import LEAVE, publish, restore, run, save, work


def main():
    steps, seed = int(sys.argv[1]), int(sys.argv[2])
    state = restore() or {"step": 0, "value": seed, "started": time.time_ns()}
    while state["step"] < steps:
        state["value"] = work(state["value"])
        state["step"] += 1
        if state["step"] % 10 == 0 and state["step"] < steps:
            save(state)
            return LEAVE
    publish("results.csv", b"%d\n# started at %d\n" % (state["value"], state["started"]))
    return 0


run(main)
