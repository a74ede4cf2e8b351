#!/usr/bin/python3
"""Flaw: results.csv is not cut back to what the checkpoint knows of; a kill makes lines appear twice."""
import os
import sys
from careful import LEAVE, restore, run, save, work


def main():
    steps, seed = int(sys.argv[1]), int(sys.argv[2])
    state = restore() or {"step": 0, "value": seed}
    with open("results.csv", "ab" if state["step"] else "wb") as results:
        while state["step"] < steps:
            state["value"] = work(state["value"])
            results.write(b"%d,%d\n" % (state["step"], state["value"]))
            state["step"] += 1
            if state["step"] % 10 == 0 and state["step"] < steps:
                results.flush()
                os.fsync(results.fileno())
                save(state)
                return LEAVE
    return 0


run(main)
