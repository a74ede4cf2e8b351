#!/usr/bin/python3
"""Right: the state holds the results so far, and so it grows as they do."""
import sys
from careful import CHECKPOINTS, LEAVE, publish, restore, run, save, work


def main():
    steps, seed = int(sys.argv[1]), int(sys.argv[2])
    state = restore() or {"values": [seed], "map": [0] * 1000}
    values = state["values"]
    while len(values) <= steps:
        values.append(work(values[-1]))
        state["map"][values[-1] % 1000] += 1
        if CHECKPOINTS and len(values) % 8 == 0 and len(values) <= steps:
            save(state)
            return LEAVE
    publish("results.csv", b"".join(b"%d\n" % value for value in values + state["map"]))
    return 0


run(main)
