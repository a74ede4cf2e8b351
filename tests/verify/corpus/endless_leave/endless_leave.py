#!/usr/bin/python3
"""Flaw: when all steps are done it still leaves for a restart, for ever."""
import sys
from careful import LEAVE, publish, restore, run, save, work


def main():
    steps, seed = int(sys.argv[1]), int(sys.argv[2])
    state = restore() or {"step": 0, "value": seed}
    while state["step"] < steps:
        state["value"] = work(state["value"])
        state["step"] += 1
        if state["step"] % 10 == 0:
            break
    if state["step"] == steps:
        publish("results.csv", b"%d\n" % state["value"])
    save(state)
    return LEAVE


run(main)
