#!/usr/bin/python3
"""Flaw: the checkpoint is synced, the results whose length it knows are not; a power cut leaves fewer than that."""
import os
import sys
from careful import LEAVE, restore, run, save, work


def main():
    steps, seed = int(sys.argv[1]), int(sys.argv[2])
    state = restore() or {"step": 0, "value": seed, "bytes": 0}
    with open("results.csv", "ab") as results:
        if results.tell() < state["bytes"]:
            sys.exit("results.csv is shorter than it was at the checkpoint")
        results.truncate(state["bytes"])
        while state["step"] < steps:
            state["value"] = work(state["value"])
            results.write(b"%d,%d\n" % (state["step"], state["value"]))
            state["step"] += 1
            if state["step"] % 10 == 0 and state["step"] < steps:
                results.flush()
                state["bytes"] = results.tell()
                save(state)
                return LEAVE
    return 0


run(main)
