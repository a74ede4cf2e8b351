#!/usr/bin/python3
# The example of HTCondor's manual, "Self-Checkpointing Applications".
# Flaw: the checkpoint is overwritten in place; a kill leaves an empty one.
import sys
import time

value = 0
try:
    with open('example.checkpoint', 'r') as f:
        value = int(f.read())
except IOError:
    pass

print("Starting from {0}".format(value))
for i in range(value, 10):
    print("Computing timestamp {0}".format(value))
    time.sleep(0.02)
    value += 1
    with open('example.checkpoint', 'w') as f:
        f.write("{0}".format(value))
    if value % 3 == 0:
        sys.exit(77)

print("Computed timestamp {0}, done".format(value))
sys.exit(0)
