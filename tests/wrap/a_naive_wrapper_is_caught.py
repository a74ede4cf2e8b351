"""The canary: these tests fail with the wrapper that everybody writes."""
import os
import pathlib
import subprocess
import sys

import wrapping

HERE = pathlib.Path(__file__).parent
NAIVE = HERE / "canary/naive_wrapper.py"
for test in ("a_signal_comes_once_and_to_the_program_alone", "no_exit_code_is_taken_for_the_end", "a_bad_set_is_never_taken",
             "nothing_runs_on", "a_foreign_or_damaged_checkpoint_is_refused"):
    run = subprocess.run([sys.executable, HERE / f"{test}.py"], capture_output=True, text=True, timeout=wrapping.PATIENCE,
                         env={**os.environ, "CAIRN_WRAP_PROGRAM": str(NAIVE), "CAIRN_WRAP_PATIENCE": "4"})
    assert run.returncode != 0, f"{test} passes with a naive wrapper:\n{run.stdout}{run.stderr}"
