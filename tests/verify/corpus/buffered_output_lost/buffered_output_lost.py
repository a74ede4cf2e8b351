#!/usr/bin/python3
"""Flaw: leaves by os._exit() with lines of results.csv still in the buffer."""
import os
import sys
from careful import CHECKPOINTS, LEAVE, restore, run, save, work


def main():
    steps, seed = int(sys.argv[1]), int(sys.argv[2])
    state = restore() or {"step": 0, "value": seed, "bytes": 0}
    with open("results.csv", "ab") as results:
        results.truncate(state["bytes"])
        while state["step"] < steps:
            state["value"] = work(state["value"])
            results.write(b"%d,%d\n" % (state["step"], state["value"]))
            state["step"] += 1
            if CHECKPOINTS and state["step"] % 10 == 0 and state["step"] < steps:
                state["bytes"] = os.path.getsize("results.csv")
                save(state)
                os._exit(LEAVE)
    return 0


run(main)
