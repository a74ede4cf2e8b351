#!/usr/bin/python3
"""Flaw: the state is two files, each replaced with care; a kill in between leaves two that do not belong together."""
import sys
from careful import LEAVE, publish, restore, run, save, work


def main():
    steps, seed = int(sys.argv[1]), int(sys.argv[2])
    position = restore("step.dat") or {"step": 0, "value": seed}
    sums = restore("sum.dat") or {"sum": 0}
    while position["step"] < steps:
        position["value"] = work(position["value"])
        sums["sum"] += position["value"]
        position["step"] += 1
        if position["step"] % 10 == 0 and position["step"] < steps:
            save(position, "step.dat")
            save(sums, "sum.dat")
            return LEAVE
    publish("results.csv", b"%d,%d\n" % (position["value"], sums["sum"]))
    return 0


run(main)
