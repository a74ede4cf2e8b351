#!/usr/bin/python3
"""Right: JSON with its SHA-256, everything in one file; and Python may keep __pycache__ in the sandbox."""
import hashlib
import json
import os
import sys
from mixing import mix


def restore():
    try:
        with open("state.json", "rb") as file:
            checksum, _, body = file.read().partition(b"\n")
    except FileNotFoundError:
        print("no state.json: starting from zero", file=sys.stderr)
        return None
    if hashlib.sha256(body).hexdigest().encode() != checksum:
        sys.exit("state.json is damaged; remove it to start from zero")
    state = json.loads(body)
    if state.pop("arguments") != sys.argv[1:]:
        sys.exit("state.json is a checkpoint of other arguments")
    return state


def publish(name, text):
    with open(name + ".tmp", "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(name + ".tmp", name)
    folder = os.open(".", os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def save(state):
    body = json.dumps({**state, "arguments": sys.argv[1:]})
    publish("state.json", hashlib.sha256(body.encode()).hexdigest() + "\n" + body)


def main():
    steps, seed = int(sys.argv[1]), int(sys.argv[2])
    state = restore() or {"step": 0, "value": seed, "sum": 0}
    while state["step"] < steps:
        state["value"] = mix(state["value"])
        state["sum"] += state["value"]
        state["step"] += 1
        if state["step"] % 10 == 0 and state["step"] < steps:
            save(state)
            sys.exit(77)
    publish("results.csv", f"{state['value']},{state['sum']}\n")


try:
    main()
except OSError as error:
    sys.exit(f"cannot go on: {error}")
