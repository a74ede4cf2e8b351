#!/usr/bin/python3
"""Flaw: every start prints the header, and the last line that the start before had printed already."""
import sys
from careful import CHECKPOINTS, LEAVE, restore, run, save, work


def main():
    steps, seed = int(sys.argv[1]), int(sys.argv[2])
    state = restore() or {"step": 0, "value": seed}
    print("step,value")
    print("%d,%d" % (state["step"], state["value"]))
    while state["step"] < steps:
        state["value"] = work(state["value"])
        state["step"] += 1
        print("%d,%d" % (state["step"], state["value"]))
        if CHECKPOINTS and state["step"] % 10 == 0 and state["step"] < steps:
            save(state)
            return LEAVE
    return 0


run(main)
