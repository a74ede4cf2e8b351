"""The canary: these tests fail with the wrapper that everybody writes, and pass with ours."""
import os
import pathlib
import subprocess
import sys
import tempfile

import wrapping

HERE = pathlib.Path(__file__).parent
NAIVE = HERE / "canary/naive_wrapper.py"


def passes(test, wrapper, scratch, patience):
    # In a namespace of its own: what the naive wrapper leaves running ends with it.
    run = subprocess.run(["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", sys.executable, HERE / f"{test}.py"],
                         capture_output=True, text=True, timeout=wrapping.PATIENCE,
                         env={**os.environ, "CAIRN_WRAP_PROGRAM": str(wrapper), "CAIRN_WRAP_PATIENCE": patience, "TMPDIR": scratch})
    return run.returncode == 0


with tempfile.TemporaryDirectory(prefix="cairn-canary-", ignore_cleanup_errors=True) as scratch:
    assert passes("a_signal_comes_once_and_to_the_program_alone", wrapping.WRAP, scratch, "60"), "the namespace is in the way"
    for test in ("a_signal_comes_once_and_to_the_program_alone", "no_exit_code_is_taken_for_the_end", "a_bad_set_is_never_taken",
                 "nothing_runs_on", "a_foreign_or_damaged_checkpoint_is_refused"):
        assert not passes(test, NAIVE, scratch, "4"), f"{test} passes with a naive wrapper"
