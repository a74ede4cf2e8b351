#!/usr/bin/python3
"""Flaw: a pickle has no checksum; cut off it is noticed, with a flipped bit it is another state."""
import pickle
import sys
from careful import LEAVE, publish, run, work


def restore():
    try:
        with open("state.pickle", "rb") as file:
            state = pickle.load(file)
        if state["arguments"] == sys.argv[1:]:
            return state
    except FileNotFoundError:
        print("there is no state.pickle: starting from zero", file=sys.stderr)
        return None
    except Exception as error:
        sys.exit(f"state.pickle is damaged: {error}")
    sys.exit("state.pickle is a checkpoint of other arguments")


def main():
    steps, seed = int(sys.argv[1]), int(sys.argv[2])
    state = restore() or {"step": 0, "values": [seed], "arguments": sys.argv[1:]}
    while state["step"] < steps:
        state["values"].append(work(state["values"][-1]))
        state["step"] += 1
        if state["step"] % 10 == 0 and state["step"] < steps:
            publish("state.pickle", pickle.dumps(state))
            return LEAVE
    publish("results.csv", b"".join(b"%d\n" % value for value in state["values"]))
    return 0


run(main)
