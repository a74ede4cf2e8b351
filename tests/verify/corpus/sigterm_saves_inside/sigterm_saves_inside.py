#!/usr/bin/python3
"""Flaw: SIGTERM saves at once, in the middle of a step, when the parts of the state do not agree."""
import signal
import sys
from careful import LEAVE, publish, restore, run, save, work


def main():
    steps, seed = int(sys.argv[1]), int(sys.argv[2])
    state = restore() or {"step": 0, "position": seed, "speed": 1}

    def save_and_leave(number, frame):
        save(state)
        sys.exit(LEAVE)

    signal.signal(signal.SIGTERM, save_and_leave)
    while state["step"] < steps:
        state["speed"] = work(state["speed"] + state["position"])
        state["position"] = work(state["position"] + state["speed"])
        state["step"] += 1
        if state["step"] % 10 == 0 and state["step"] < steps:
            save(state)
            return LEAVE
    publish("results.csv", b"%d,%d\n" % (state["position"], state["speed"]))
    return 0


run(main)
