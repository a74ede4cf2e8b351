#!/usr/bin/python3
"""The wrapper that everybody writes: starts, ends after a while, restarts if the state file is there.  It must not pass."""
import argparse
import os
import signal
import subprocess
import sys

dashes = sys.argv.index("--")
parser = argparse.ArgumentParser()
for name in ("checkpoint-files", "resume-args", "finished-when", "rollback", "settle", "grace", "stall", "check"):
    parser.add_argument("--" + name, default="")
parser.add_argument("--every", default="")
for flag in ("freeze", "when-renewed", "signal-group"):
    parser.add_argument("--" + flag, action="store_true")
options = parser.parse_args([word.replace("--resume-args", "--resume-args=--resume") for word in sys.argv[1:dashes] if word != "--resume"])
command = sys.argv[dashes + 1:]
if os.path.exists(options.checkpoint_files):
    command += ["--resume"]
program = subprocess.Popen(command, start_new_session=True)
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, lambda n, frame: os.killpg(program.pid, n))
try:
    seconds = float(options.every.removesuffix("ms")) / 1000 if options.every.endswith("ms") else 0.3 if options.freeze else None
    sys.exit(program.wait(timeout=seconds))
except subprocess.TimeoutExpired:
    program.send_signal(signal.SIGKILL if options.freeze else signal.SIGTERM)
    program.wait()
    sys.exit(77)
