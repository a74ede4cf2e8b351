#!/usr/bin/python3
"""Right: its state is the picture so far, line by line; it grows up to the picture's size."""
import sys
from careful import LEAVE, publish, restore, run, save, work


def main():
    lines, seed = int(sys.argv[1]), int(sys.argv[2])
    state = restore("state.dat") or {"picture": []}
    picture = state["picture"]
    while len(picture) < lines:
        first = work(seed + len(picture))
        picture.append([(first * (i + 1)) % 256 for i in range(100)])
        if len(picture) % 6 == 0 and len(picture) < lines:
            save(state, "state.dat")
            return LEAVE
    # The result is much smaller.
    publish("results.csv", b"%d\n" % sum(map(sum, picture)))
    return 0


run(main)
