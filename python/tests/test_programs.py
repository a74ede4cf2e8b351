"""Whole programs: killed, interrupted, asked to leave, isolated, without NumPy."""

import os
import signal
import subprocess
import sys

from conftest import PACKAGE

COUNT = """
with cairn.open("state.ckpt", commit_every=7) as session:
    state = session.protect(total=0)
    results = session.append("results.txt")
    session.restore()
    print("ready", flush=True)
    for i in session.loop(range(3000)):
        state.total += i * i
        print(i, state.total, file=results)
print(state.total)
"""


def expected_lines(n):
    total, lines = 0, []
    for i in range(n):
        total += i * i
        lines.append("%d %d\n" % (i, total))
    return "".join(lines)


def test_killed_at_random_moments_the_result_is_the_same(program, scratch, chance):
    program.write(COUNT)
    for _ in range(12):
        process = program.popen()
        process.stdout.readline()  # "ready"
        for _ in range(chance.randrange(3000)):  # some moment, in turns of this loop
            if process.poll() is not None:
                break
        process.kill()
        process.communicate()
    code, out, error = program.run()
    assert code == 0, error
    assert out.splitlines()[-1] == str(sum(i * i for i in range(3000)))
    assert (scratch / "results.txt").read_text() == expected_lines(3000)


def test_sigterm_saves_and_leaves_with_77(program):
    program.write(
        """
with cairn.open("state.ckpt") as session:
    state = session.protect(i=0)
    generation = session.restore().generation
    print(generation, state.i > 0, flush=True)
    while not generation:
        state.i += 1
        session.safe_point()
"""
    )
    process = program.popen()
    assert process.stdout.readline() == "0 False\n"
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 77, error
    code, out, error = program.run()
    assert (code, out, error) == (0, "1 True\n", "")


def test_leaving_runs_finally_and_passes_except_exception(program):
    program.write(
        """
with cairn.open("state.ckpt", leave_every=1) as session:
    session.restore()
    try:
        session.safe_point()
    except Exception:
        print("swallowed")
    finally:
        print("finally")
"""
    )
    assert program.run(CAIRN_CHECKPOINT_EXIT_CODE="85") == (85, "finally\n", "")


def test_ctrl_c_never_tears_a_checkpoint(program):
    """Interrupts in every moment of commits: each run ends by KeyboardInterrupt or by itself, and
    what is saved agrees with itself."""
    program.write(
        """
with cairn.open("state.ckpt", commit_every=1) as session:
    state = session.protect(a=0, b=0, c=list(range(200)))
    session.restore()
    assert state.a == state.b == state.c[0], (state.a, state.b, state.c[0])
    print("ready", flush=True)
    while True:
        state.a += 1
        state.b += 1
        state.c[0] += 1
        session.safe_point()
"""
    )
    for _ in range(6):
        process = program.popen()
        line = process.stdout.readline()
        assert line == "ready\n", process.communicate()
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
        # -SIGINT: Python ends itself so after KeyboardInterrupt.
        assert process.returncode == -signal.SIGINT, error
        assert error.rstrip().endswith("KeyboardInterrupt") and "Exception ignored" not in error


def test_an_interrupt_inside_a_callback_is_held_until_the_commit_is_whole(program):
    program.write(
        """
import os, signal
from cairn import _values
encode = _values.encode
def interrupted(name, value):
    os.kill(os.getpid(), signal.SIGINT)
    return encode(name, value)
with cairn.open("state.ckpt") as session:
    state = session.protect(a=1)
    print(session.restore().generation, flush=True)
    _values.encode = interrupted
    try:
        session.checkpoint()
    except KeyboardInterrupt:
        print("interrupted")
    _values.encode = encode
    print(session.checkpoint())
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""
    )
    code, out, error = program.run()
    assert (code, error) == (0, "")
    assert out == "0\ninterrupted\n2\nTrue\n"  # generation 1 was written whole


def test_an_exception_in_a_callback_reaches_the_caller(program):
    program.write(
        """
from cairn import _values
def broken(name, value):
    raise ZeroDivisionError("in a callback")
with cairn.open("state.ckpt") as session:
    state = session.protect(a=1)
    session.restore()
    _values.encode = broken
    try:
        session.checkpoint()
    except ZeroDivisionError as error:
        print(error)
"""
    )
    assert program.run() == (0, "in a callback\n", "")


def test_works_without_numpy_and_isolated(program):
    program.write(
        """
sys.modules["numpy"] = None  # import numpy raises ImportError
import array, random
with cairn.open("state.ckpt") as session:
    state = session.protect(i=0, x=[1.5], a=array.array("d", [1, 2]), rng=random.Random(1))
    print(session.restore().generation, state.i, state.a[0])
    state.i += 1
    state.a[0] += 1
    session.checkpoint()
"""
    )
    assert program.run(options=["-I"]) == (0, "0 0 1.0\n", "")
    assert program.run(options=["-I"]) == (0, "1 1 2.0\n", "")


def test_importing_the_package_does_not_import_numpy(program):
    program.write("print('numpy' in sys.modules)")
    assert program.run() == (0, "False\n", "")


def test_what_was_printed_before_a_commit_is_not_lost(program):
    program.write(
        """
import os
with cairn.open("state.ckpt") as session:
    session.protect(i=0)
    session.restore()
    print("before", end="")
    session.checkpoint()
    print("after", end="")
    os._exit(0)
"""
    )
    assert program.run(PYTHONUNBUFFERED="")[1] == "before"


def test_threads_may_save(program):
    program.write(
        """
import threading
with cairn.open("state.ckpt", vacate_signal=0) as session:
    state = session.protect(i=0)
    session.restore()
    thread = threading.Thread(target=session.checkpoint)
    thread.start()
    thread.join()
    print(session.checkpoint())
"""
    )
    assert program.run() == (0, "2\n", "")


def test_a_library_that_is_not_there_is_said_with_what_to_do(program):
    program.write("cairn.open()")
    code, _, error = program.run(CAIRN_LIBRARY="/nowhere/libcairn.so.0")
    assert code == 1
    assert "/nowhere/libcairn.so.0" in error and "set CAIRN_LIBRARY" in error


def test_a_copy_of_the_package_needs_nothing_else(scratch):
    copied = subprocess.run([sys.executable, "-m", "cairn", "copy", str(scratch)], cwd=str(PACKAGE))
    assert copied.returncode == 0
    environment = {"PATH": os.environ["PATH"]}  # neither CAIRN_LIBRARY nor PYTHONPATH
    shown = subprocess.run(
        [sys.executable, "-m", "cairn"], env=environment, cwd=str(scratch), stdout=subprocess.PIPE
    ).stdout.decode()
    assert "in %s\n" % (scratch / "cairn") in shown
    assert "in %s\n" % (scratch / "cairn" / "libcairn.so.0") in shown
