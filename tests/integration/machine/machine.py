"""A test that runs in the machine of machine.sh: it says so first, by within().

What the tests of the contract stand on is there, too (tests/contract/clause.py).
"""
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "contract"))

SKIPPED = 77  # of ctest: no machine can be had
PROGRAMS = ("CAIRN", "CAIRN_WRAP_PROGRAM", "PYTHONDONTWRITEBYTECODE")


def run(*command, **options):
    words = " ".join(f"{name}={os.environ[name]}" for name in PROGRAMS if name in os.environ)
    # Without KVM, beside other tests, it is slow.
    return subprocess.run([HERE / "machine.sh", "run", "-t", "1500", *command],
                          env={**os.environ, "MACHINE_ENV": f"MACHINE_INSIDE=1 CAIRN_PATIENCE=600 {words}"},
                          stdin=subprocess.DEVNULL, **options)


def possible():
    """Skips the test where no machine can be had."""
    for verb in ("possible", "install"):
        done = subprocess.run([HERE / "machine.sh", verb], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            print(done.stdout.strip().splitlines()[-1], file=sys.stderr)
            sys.exit(SKIPPED)


def within():
    """From here on the calling script runs in the machine."""
    if os.environ.get("MACHINE_INSIDE"):
        return
    possible()
    sys.exit(run("/usr/bin/python3", os.path.abspath(sys.argv[0])).returncode)
