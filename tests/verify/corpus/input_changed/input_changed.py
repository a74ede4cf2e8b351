#!/usr/bin/python3
"""Flaw: the first start sorts an input file in place; the next sandbox has that file as it was submitted."""
import sys
from careful import LEAVE, publish, restore, run, save, work


def read(name):
    with open(name) as file:
        return [int(line) for line in file]


def main():
    steps, name = int(sys.argv[1]), sys.argv[2]
    state = restore()
    if state is None:
        publish(name, b"".join(b"%d\n" % number for number in sorted(read(name))))
        state = {"step": 0, "value": 1}
    numbers = read(name)
    while state["step"] < steps:
        state["value"] = work(state["value"] + numbers[state["step"] % len(numbers)])
        state["step"] += 1
        if state["step"] % 10 == 0 and state["step"] < steps:
            save(state)
            return LEAVE
    publish("results.csv", b"%d\n" % state["value"])
    return 0


run(main)
