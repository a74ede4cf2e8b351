#!/usr/bin/python3
"""Right: lists neither checkpoint files nor outputs; saves when asked to leave; a kill leaves its temporary file."""
import json
import os
import signal
import sys
from careful import LEAVE, restore, run, sealed, sync_folder, work

asked = []


def save(state):
    name = f"state.{os.getpid()}.tmp"  # nobody else's, and nobody removes it after a kill
    with open(name, "wb") as file:
        file.write(sealed(json.dumps({"arguments": sys.argv[1:], "state": state}).encode()))
        file.flush()
        os.fsync(file.fileno())
    os.rename(name, "state.dat")
    sync_folder()


def main():
    signal.signal(signal.SIGTERM, lambda number, frame: asked.append(number))
    steps = int(sys.argv[1])
    state = restore() or {"step": 0, "value": 1}
    while state["step"] < steps:
        state["value"] = work(state["value"])
        state["step"] += 1
        if (asked or state["step"] % 10 == 0) and state["step"] < steps:
            save(state)
            return LEAVE
    with open("results.csv", "w", encoding="ascii") as file:
        file.write(f"{state['value']}\n")
    return 0


run(main)
