#!/usr/bin/python3
"""Flaw: takes the newest file of the folder for the checkpoint, also a half written one that a kill left behind."""
import json
import os
import sys
from careful import LEAVE, publish, run, sealed, unsealed, work


def restore():
    names = sorted(os.listdir("state.d"), key=lambda name: int(name.split(".")[0]))
    if not names:
        print("no checkpoint in state.d: starting from zero", file=sys.stderr)
        return None
    with open("state.d/" + names[-1], "rb") as file:
        return json.loads(unsealed(file.read(), names[-1]))


def save(state):
    name = "state.d/%d.dat" % state["step"]
    publish(name, sealed(json.dumps(state).encode()))
    for other in os.listdir("state.d"):
        if "state.d/" + other != name:
            os.unlink("state.d/" + other)


def main():
    steps, seed = int(sys.argv[1]), int(sys.argv[2])
    os.makedirs("state.d", exist_ok=True)
    state = restore() or {"step": 0, "value": seed}
    while state["step"] < steps:
        state["value"] = work(state["value"])
        state["step"] += 1
        if state["step"] % 10 == 0 and state["step"] < steps:
            save(state)
            return LEAVE
    publish("results.csv", b"%d\n" % state["value"])
    return 0


run(main)
