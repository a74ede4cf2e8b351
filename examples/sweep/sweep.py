#!/usr/bin/python3
"""The sweep of sweep.cc in Python: the same numbers, the same file."""
import sys

import cairn


def mean_of_orbit(r):
    x, total = 0.5, 0.0
    for _ in range(180000):
        x = r * x * (1 - x)
        total += x
    return total / 180000


first, last = map(int, sys.argv[1:])
with cairn.open("state.ckpt", leave_every=1000) as session:
    state = session.protect(total=0.0)  # what the attributes hold is saved at each checkpoint
    results = session.append("results.csv")  # cut back to the checkpoint by restore()
    session.restore()
    for i in session.loop(range(first, last)):
        state.total += mean_of_orbit(3 + i / 40000)
        if i % 100 == 99:
            print(f"{i},{state.total:.17g}", file=results)
