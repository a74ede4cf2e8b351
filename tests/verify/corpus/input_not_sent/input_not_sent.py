#!/usr/bin/python3
# Flaw: it reads its table by an absolute path, which there is on the submitting machine alone.
import sys

import careful


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        table = [int(line) for line in file]
    state = careful.restore() or {"step": 0, "sum": 0}
    while state["step"] < len(table):
        state["sum"] += careful.work(table[state["step"]])
        state["step"] += 1
        if state["step"] % 10 == 0:
            careful.save(state)
            return careful.LEAVE
    careful.publish("results.csv", b"%d\n" % state["sum"])
    return 0


careful.run(main)
