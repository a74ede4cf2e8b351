#!/usr/bin/python3
"""Right: the random generator is part of the state."""
import random
import sys
from careful import CHECKPOINTS, LEAVE, publish, restore, run, save, work


def main():
    steps, seed = int(sys.argv[1]), int(sys.argv[2])
    chance = random.Random(seed)
    state = restore() or {"step": 0, "inside": 0}
    if "generator" in state:
        version, numbers, gauss = state["generator"]
        chance.setstate((version, tuple(numbers), gauss))
    while state["step"] < steps:
        work(0)
        for _ in range(100):
            state["inside"] += chance.random() ** 2 + chance.random() ** 2 < 1
        state["step"] += 1
        if CHECKPOINTS and state["step"] % 10 == 0 and state["step"] < steps:
            state["generator"] = chance.getstate()
            save(state)
            return LEAVE
    publish("results.csv", b"%.6f\n" % (4 * state["inside"] / (100 * steps)))
    return 0


run(main)
