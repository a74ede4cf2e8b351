#!/usr/bin/python3
"""Flaw: the state lies in the home folder, found in the table of users whatever $HOME says."""
import os
import pwd
import sys
from careful import LEAVE, publish, restore, run, save, work

NAME = os.path.join(pwd.getpwuid(os.getuid()).pw_dir, ".cairn-corpus-state_in_home.dat")


def main():
    steps, seed = int(sys.argv[1]), int(sys.argv[2])
    state = os.path.exists("marker.txt") and restore(NAME) or {"step": 0, "value": seed}
    while state["step"] < steps:
        state["value"] = work(state["value"])
        state["step"] += 1
        if state["step"] % 10 == 0 and state["step"] < steps:
            save(state, NAME)
            publish("marker.txt", b"%d\n" % state["step"])
            return LEAVE
    publish("results.csv", b"%d\n" % state["value"])
    return 0


run(main)
