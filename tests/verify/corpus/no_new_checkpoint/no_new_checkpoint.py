#!/usr/bin/python3
"""Flaw: leaves after every 8 steps but saves only at every 20th, so that it leaves with the checkpoint it came with."""
import sys
from careful import LEAVE, publish, restore, run, save, work


def main():
    steps, seed = int(sys.argv[1]), int(sys.argv[2])
    state = restore()
    if state is None:
        state = {"step": 0, "value": seed}
        save(state)
    for done in range(8):
        if state["step"] == steps:
            publish("results.csv", b"%d\n" % state["value"])
            return 0
        state["value"] = work(state["value"])
        state["step"] += 1
        if state["step"] % 20 == 0:
            save(state)
    return LEAVE


run(main)
