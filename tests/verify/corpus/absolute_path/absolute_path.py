#!/usr/bin/python3
"""Flaw: the checkpoint holds the absolute path of an input, which is another one in the next sandbox."""
import os
import sys
from careful import LEAVE, publish, restore, run, save, work


def main():
    steps = int(sys.argv[1])
    state = restore() or {"step": 0, "value": 1, "input": os.path.abspath(sys.argv[2])}
    with open(state["input"]) as file:
        numbers = [int(line) for line in file]
    while state["step"] < steps:
        state["value"] = work(state["value"] + numbers[state["step"] % len(numbers)])
        state["step"] += 1
        if state["step"] % 10 == 0 and state["step"] < steps:
            save(state)
            return LEAVE
    publish("results.csv", b"%d\n" % state["value"])
    return 0


run(main)
