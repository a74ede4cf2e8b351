#!/usr/bin/python3
"""Flaw: with a damaged checkpoint it starts from zero, silently, and appends to the results that are there."""
import os
import sys
from careful import LEAVE, restore, run, save, work


def main():
    steps, seed = int(sys.argv[1]), int(sys.argv[2])
    zero = {"step": 0, "value": seed, "bytes": 0}
    with open("results.csv", "ab") as results:
        try:
            state = restore() or zero
            results.truncate(state["bytes"])
        except (SystemExit, ValueError):
            state = zero
        while state["step"] < steps:
            state["value"] = work(state["value"])
            results.write(b"%d,%d\n" % (state["step"], state["value"]))
            state["step"] += 1
            if state["step"] % 10 == 0 and state["step"] < steps:
                results.flush()
                os.fsync(results.fileno())
                state["bytes"] = os.path.getsize("results.csv")
                save(state)
                return LEAVE
    return 0


run(main)
