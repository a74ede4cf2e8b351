#!/usr/bin/python3
"""Flaw: `total` is no part of the checkpoint, so each restart begins it at zero."""
import sys
from careful import CHECKPOINTS, LEAVE, publish, restore, run, save, work


def main():
    steps, seed = int(sys.argv[1]), int(sys.argv[2])
    state = restore() or {"step": 0, "value": seed}
    total = 0
    while state["step"] < steps:
        state["value"] = work(state["value"])
        total += state["value"]
        state["step"] += 1
        if CHECKPOINTS and state["step"] % 10 == 0 and state["step"] < steps:
            save(state)
            return LEAVE
    publish("results.csv", b"%d,%d\n" % (state["value"], total))
    return 0


run(main)
