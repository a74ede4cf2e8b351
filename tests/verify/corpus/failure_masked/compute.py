#!/usr/bin/python3
import sys
from careful import LEAVE, publish, restore, run, save, work


def main():
    steps = int(sys.argv[1])
    with open(sys.argv[2]) as file:
        numbers = file.read().split()
    state = restore() or {"step": 0, "value": 1}
    while state["step"] < steps:
        state["value"] = work(state["value"] + int(numbers[state["step"]]))
        state["step"] += 1
        if state["step"] % 10 == 0 and state["step"] < steps:
            save(state)
            return LEAVE
    publish("results.csv", b"%d\n" % state["value"])
    return 0


run(main)
