#!/usr/bin/python3
"""Flaw: the values so far are kept in partial.csv, which is not in transfer_checkpoint_files."""
import os
import sys
from careful import LEAVE, publish, restore, run, save, work


def main():
    steps, seed = int(sys.argv[1]), int(sys.argv[2])
    state = restore() or {"step": 0, "value": seed, "bytes": 0}
    with open("partial.csv", "ab") as partial:
        partial.truncate(state["bytes"])
        while state["step"] < steps:
            state["value"] = work(state["value"])
            partial.write(b"%d,%d\n" % (state["step"], state["value"]))
            state["step"] += 1
            if state["step"] % 10 == 0 and state["step"] < steps:
                partial.flush()
                os.fsync(partial.fileno())
                state["bytes"] = partial.tell()
                save(state)
                return LEAVE
    with open("partial.csv", "rb") as partial:
        publish("results.csv", partial.read())
    return 0


run(main)
