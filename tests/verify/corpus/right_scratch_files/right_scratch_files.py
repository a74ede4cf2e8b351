#!/usr/bin/python3
"""Right: scratch files in $TMPDIR and a cache in the sandbox; all are made again where they are missing."""
import os
import sys
import tempfile
from careful import LEAVE, publish, restore, run, save, work


def table():
    """From cache.txt if that is whole; else computed."""
    try:
        with open("cache.txt") as file:
            numbers = [int(word) for word in file.read().split()]
        if len(numbers) == 9 and numbers[8] == sum(numbers[:8]):
            return numbers[:8]
    except (FileNotFoundError, ValueError):
        pass
    numbers = [work(n) for n in range(8)]
    publish("cache.txt", "\n".join(str(n) for n in numbers + [sum(numbers)]).encode())
    return numbers


def main():
    steps, seed = int(sys.argv[1]), int(sys.argv[2])
    state = restore() or {"step": 0, "value": seed}
    numbers = table()
    while state["step"] < steps:
        with tempfile.NamedTemporaryFile("w+") as scratch:
            scratch.write(str(work(state["value"] + numbers[state["step"] % 8])))
            scratch.seek(0)
            state["value"] = int(scratch.read())
        state["step"] += 1
        if state["step"] % 10 == 0 and state["step"] < steps:
            save(state)
            return LEAVE
    publish("results.csv", b"%d\n" % state["value"])
    return 0


run(main)
