#!/usr/bin/python3
"""Flaw: the checkpoint holds the time of an input file, which is another one wherever the file is copied to."""
import os
import sys
from careful import LEAVE, publish, restore, run, save, work


def main():
    steps, name = int(sys.argv[1]), sys.argv[2]
    changed = os.stat(name).st_mtime_ns
    state = restore() or {"step": 0, "value": 1, "changed": changed}
    if state["changed"] != changed:
        sys.exit(f"{name} was changed since the checkpoint")
    with open(name) as file:
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
