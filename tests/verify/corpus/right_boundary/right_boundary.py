#!/usr/bin/python3
"""Right: the last step is a checkpoint too; the restart after it finds nothing to do but to write the result."""
import sys
from careful import LEAVE, publish, restore, run, save, work


def main():
    steps, seed = int(sys.argv[1]), int(sys.argv[2])
    state = restore() or {"step": 0, "value": seed}
    while state["step"] < steps:
        state["value"] = work(state["value"])
        state["step"] += 1
        if state["step"] % 10 == 0:
            save(state)
            return LEAVE
    publish("results.csv", b"%d\n" % state["value"])
    return 0


run(main)
