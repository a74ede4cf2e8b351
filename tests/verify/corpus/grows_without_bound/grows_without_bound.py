#!/usr/bin/python3
"""Flaw: keeps every checkpoint it ever wrote; each one to transfer is larger than the one before."""
import os
import sys
from careful import LEAVE, publish, restore, run, save, work


def main():
    steps, seed = int(sys.argv[1]), int(sys.argv[2])
    os.makedirs("state.d", exist_ok=True)
    done = sorted(name for name in os.listdir("state.d") if name.endswith(".dat"))
    state = restore("state.d/" + done[-1]) if done else None
    if state is None:
        print("no checkpoint: starting from zero", file=sys.stderr)
        state = {"step": 0, "table": [seed] * 20000}
    table = state["table"]
    while state["step"] < steps:
        table[state["step"]] = work(table[state["step"] - 1])
        state["step"] += 1
        if state["step"] % 6 == 0 and state["step"] < steps:
            save(state, "state.d/%06d.dat" % state["step"])
            return LEAVE
    publish("results.csv", b"%d\n" % sum(table))
    return 0


run(main)
