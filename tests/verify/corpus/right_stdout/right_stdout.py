#!/usr/bin/python3
"""Right: the results go to stdout, line by line, and are flushed before the checkpoint that knows of them."""
import sys
from careful import CHECKPOINTS, LEAVE, restore, run, save, work


def main():
    steps, seed = int(sys.argv[1]), int(sys.argv[2])
    state = restore() or {"step": 0, "value": seed}
    if state["step"] == 0:
        print("step,value")
    while state["step"] < steps:
        state["value"] = work(state["value"])
        state["step"] += 1
        print("%d,%d" % (state["step"], state["value"]))
        if CHECKPOINTS and state["step"] % 10 == 0 and state["step"] < steps:
            sys.stdout.flush()
            save(state)
            return LEAVE
    return 0


run(main)
