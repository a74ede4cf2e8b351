#!/usr/bin/python3
"""Flaw: the time it took is part of the result, so that no two runs have the same."""
import sys
import time
from careful import LEAVE, publish, restore, run, save, work


def main():
    steps, seed = int(sys.argv[1]), int(sys.argv[2])
    started = time.perf_counter()
    state = restore() or {"step": 0, "value": seed, "seconds": 0}
    while state["step"] < steps:
        state["value"] = work(state["value"])
        state["step"] += 1
        if state["step"] % 10 == 0 and state["step"] < steps:
            state["seconds"] += time.perf_counter() - started
            save(state)
            return LEAVE
    seconds = state["seconds"] + time.perf_counter() - started
    publish("results.csv", b"%d\n# elapsed: %.9f s\n" % (state["value"], seconds))
    return 0


run(main)
