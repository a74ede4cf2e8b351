#!/usr/bin/python3
"""Right: libcairn's package for Python, as in examples/sweep/sweep.py, with less work."""
import sys

import cairn


def mean_of_orbit(r):
    x, total = 0.5, 0.0
    for _ in range(3000):
        x = r * x * (1 - x)
        total += x
    return total / 3000


with cairn.open("state.ckpt", leave_every=100) as session:
    state = session.protect(total=0.0)
    results = session.append("results.csv")
    session.restore()
    for i in session.loop(range(int(sys.argv[1]))):
        state.total += mean_of_orbit(3 + i / 40000)
        if i % 10 == 9:
            print(f"{i},{state.total:.17g}", file=results)
