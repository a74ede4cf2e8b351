#!/usr/bin/python3
"""Flaw: the checkpoint holds the host's name, and is refused on every other host."""
import socket
import sys
from careful import LEAVE, publish, restore, run, save, work


def main():
    steps, seed = int(sys.argv[1]), int(sys.argv[2])
    state = restore() or {"step": 0, "value": seed, "host": socket.gethostname()}
    if state["host"] != socket.gethostname():
        sys.exit(f"this checkpoint belongs to {state['host']}")
    while state["step"] < steps:
        state["value"] = work(state["value"])
        state["step"] += 1
        if state["step"] % 10 == 0 and state["step"] < steps:
            save(state)
            return LEAVE
    publish("results.csv", b"%d\n" % state["value"])
    return 0


run(main)
