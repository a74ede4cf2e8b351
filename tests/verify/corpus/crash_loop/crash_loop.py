#!/usr/bin/python3
"""Flaw: a checkpoint that cannot be read counts as a passing trouble: leave and be started again, for ever."""
import sys
from careful import LEAVE, publish, restore, run, save, work


def main():
    steps, seed = int(sys.argv[1]), int(sys.argv[2])
    try:
        state = restore() or {"step": 0, "value": seed}
    except SystemExit:
        return LEAVE
    while state["step"] < steps:
        state["value"] = work(state["value"])
        state["step"] += 1
        if state["step"] % 10 == 0 and state["step"] < steps:
            save(state)
            return LEAVE
    publish("results.csv", b"%d\n" % state["value"])
    return 0


run(main)
