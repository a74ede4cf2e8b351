"""What would go wrong silently: each of these was, or would be, a wrong result or a hanging program."""

import os
import random
import signal

import pytest

import cairn


# ---- identity: what the program holds besides the state


def test_what_lies_inside_of_containers_is_restored_in_place_too(start):
    def fresh(n):
        row, seen, dice = [n], {n}, random.Random(n)
        return row, seen, dice, {"rows": [row, (seen, dice)], 1: bytearray([n])}

    session, _, _ = start(all=fresh(1)[3])
    session.checkpoint()
    row, seen, dice, value = fresh(2)
    start(all=value)
    assert (row, seen, value) == ([1], {1}, {"rows": [[1], (seen, dice)], 1: bytearray([1])})
    assert dice.random() == random.Random(1).random()


def test_arrays_inside_of_containers_are_restored_in_place_too(start):
    np = pytest.importorskip("numpy")
    session, _, _ = start(weights={"w": np.ones((2, 2), order="F"), "b": [np.float32(2)]})
    session.checkpoint()
    w = np.zeros((2, 2))
    start(weights={"w": w, "b": []})
    assert (w == 1).all()


def test_one_object_twice_in_a_value_comes_back_as_two_and_not_as_a_mixture(start):
    session, _, _ = start(v=[[1], [2]])
    session.checkpoint()
    row = [0]
    _, state, _ = start(v=[row, row])
    assert state.v == [[1], [2]]


def test_one_object_under_two_names_is_refused(scratch):
    row = [0]
    with cairn.open(vacate_signal=0) as session:
        with pytest.raises(cairn.UnsupportedValueError, match="a and b are the same memory"):
            session.protect(a=row, b=row)


def test_two_arrays_over_one_memory_are_refused(scratch):
    np = pytest.importorskip("numpy")
    field = np.zeros(10)
    with cairn.open(vacate_signal=0) as session:
        session.protect(even=field[::2], odd=field[1::2])  # side by side
        with pytest.raises(cairn.UnsupportedValueError, match="same memory"):
            session.protect("all", field)


def test_a_generator_with_attributes_of_its_own_is_refused():
    class Counting(random.Random):
        pass

    dice = Counting(1)
    dice.calls = 3
    with cairn.open(vacate_signal=0) as session:
        with pytest.raises(cairn.UnsupportedValueError, match="calls"):
            session.protect(dice=dice)


# ---- loops that are left


def sum_through(session, state, stop=None):
    for i in session.loop(range(10)):
        if i == stop:
            raise KeyboardInterrupt
        state.total += i


def test_a_loop_left_by_an_exception_keeps_its_place_for_a_checkpoint_in_except(start):
    session, state, _ = start(total=0)
    try:
        sum_through(session, state, stop=5)
    except KeyboardInterrupt:
        session.checkpoint()
    session, state, _ = start(total=0)
    sum_through(session, state)
    assert state.total == sum(range(10))


def test_a_loop_left_by_break_is_finished_even_while_an_exception_is_handled(start):
    session, _, _ = start()
    try:
        raise ValueError
    except ValueError:
        for i in session.loop(range(10)):
            if i == 5:
                break
        session.checkpoint()
    session, _, _ = start()
    assert list(session.loop(range(10))) == []


def test_a_loop_may_begin_again_after_an_exception(start):
    session, state, _ = start(total=0)
    try:
        sum_through(session, state, stop=3)
    except KeyboardInterrupt:
        assert list(session.loop(range(2))) == [0, 1]


@pytest.mark.parametrize("way", ["return", "break", "exception"])
def test_leaving_the_with_commits_nothing(scratch, way):
    def run():
        with cairn.open(vacate_signal=0) as session:
            state = session.protect(i=0)
            session.restore()
            for i in session.loop(range(3)):
                state.i = 9
                if way == "return":
                    return
                if way == "break":
                    break
                raise ValueError

    try:
        run()
    except ValueError:
        pass
    assert list((scratch / "state.ckpt").glob("gen-*")) == []


# ---- signals, threads, children


def test_a_call_inside_of_a_call_is_refused_and_the_checkpoint_is_whole(start, monkeypatch):
    from cairn import _values

    session, state, _ = start(a=1, b=2)
    encode, caught = _values.encode, []

    def meddling(name, value):
        try:
            session.checkpoint()
        except cairn.MisuseError as error:
            caught.append(error)
        return encode(name, value)

    monkeypatch.setattr(_values, "encode", meddling)
    assert session.checkpoint() == 1 and len(caught) == 2
    monkeypatch.undo()


def test_a_region_that_was_not_applied_is_noticed(start, monkeypatch):
    """A signal handler that raises before a callback's first line: ctypes only prints that."""
    session, _, _ = start(a=1, b=2)
    session.checkpoint()
    session.close()
    real = cairn.Session._notifying

    def lossy(self, action):
        notify = real(self, action)
        return (lambda _: None) if getattr(action, "__name__", "") == "apply" else notify

    monkeypatch.setattr(cairn.Session, "_notifying", lossy)
    with pytest.raises(cairn.MisuseError, match="only in part"):
        start(a=0, b=0)


def test_alarms_that_raise_anywhere_never_tear_a_checkpoint(program):
    program.write(
        """
import signal, itertools
class Alarm(Exception): pass
def alarm(*_): raise Alarm
signal.signal(signal.SIGALRM, alarm)
alarms = 0
while alarms < 150:
    try:
        with cairn.open("state.ckpt", vacate_signal=0, commit_every=2) as session:
            state = session.protect(a=0, b=0, c=[0] * 50)
            lines = session.append("lines.txt")
            session.restore()
            assert state.a == state.b == state.c[0] == len(open("lines.txt").readlines()), (
                state.a, state.b, state.c[0])
            signal.setitimer(signal.ITIMER_REAL, 0.001 + alarms % 7 * 0.0007)
            while True:
                state.a += 1
                state.b += 1
                state.c[0] += 1
                lines.write("x\\n")
                session.safe_point()
    except Alarm:
        alarms += 1
        signal.setitimer(signal.ITIMER_REAL, 0)
    except cairn.CairnError as error:
        if error.code != "callback": raise
print("whole")
"""
    )
    code, out, error = program.run()
    assert (code, out) == (0, "whole\n"), error


def test_workers_of_a_pool_can_be_ended(program):
    program.write(
        """
import multiprocessing
def square(x): return x * x
with cairn.open("state.ckpt") as session:
    state = session.protect(total=0)
    lines = session.append("lines.txt")
    session.restore()
    with multiprocessing.get_context("fork").Pool(2) as pool:
        for i in session.loop(range(5)):
            state.total += sum(pool.map(square, range(4)))
            print(i, file=lines)
print(state.total)
"""
    )
    assert program.run() == (0, "70\n", "")


def test_a_forked_child_writes_no_line_of_its_parent(scratch):
    with cairn.open() as session:
        lines = session.append("lines.txt")
        session.restore()
        print("once", file=lines)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
                with pytest.raises(cairn.MisuseError, match="parent"):
                    session.checkpoint()
                with pytest.raises(cairn.MisuseError, match="parent"):
                    lines.write("x")
                session.close()
                lines._file.close()
                code = 0
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        session.checkpoint()
    assert (scratch / "lines.txt").read_text() == "once\n"


def test_the_exit_code_stays_after_close(start, monkeypatch):
    with cairn.open("a.ckpt", vacate_signal=0) as session:
        session.restore()
    assert session.exit_code == 0
    monkeypatch.setenv("CAIRN_CHECKPOINT_EXIT_CODE", "85")
    with pytest.raises(cairn.CheckpointExit):
        with cairn.open("b.ckpt", vacate_signal=0, leave_every=1) as session:
            session.restore()
            session.safe_point()
    assert session.exit_code == 85


def test_a_value_that_is_rebound_does_not_stay_alive(start):
    import weakref

    np = pytest.importorskip("numpy")
    field = np.zeros(3)
    alive = weakref.ref(field)
    _, state, _ = start(field=field)
    state.field = np.ones(3)
    del field
    assert alive() is None


# ---- sentences


@pytest.mark.parametrize("options", [
    {"directory": "a\0b"}, {"identity": {"a": "x\0y"}}, {"identity": {"a": "\ud800"}}, {"identity": [1]},
    {"commit_every": 2**64}, {"commit_every": True}, {"keep_generations": 2**32 + 1}, {"keep_generations": "2"},
    {"vacate_signal": "SIGTERM"}, {"commit_interval": "3"}, {"commit_interval": True}, {"compression_level": 2**32},
    {"leave": [1]},
], ids=str)
def test_options_that_c_would_cut_short_are_refused_with_a_sentence(options):
    with pytest.raises(cairn.CairnError):
        cairn.open(**{"vacate_signal": 0, **options})


def test_numpy_numbers_are_numbers(scratch):
    np = pytest.importorskip("numpy")
    cairn.open(commit_every=np.int64(5), commit_interval=np.float64(2), vacate_signal=0).close()


def test_names_that_c_would_cut_short_are_refused():
    with cairn.open(vacate_signal=0) as session:
        for call in (lambda: session.protect("a\0b", []), lambda: session.append("a\0b"),
                     lambda: session.protect("a\ud800", []), lambda: session.append("x", encoding="nope")):
            with pytest.raises(cairn.CairnError):
                call()


OPERATING = """
with cairn.open("state.ckpt") as session:
    session.protect(a=1)
    session.restore()
    session.checkpoint()
"""


def test_an_operating_error_ends_the_program_with_one_sentence(program):
    program.write(OPERATING)
    assert program.run()[0] == 0
    code, out, error = program.run("other")
    assert code == 1 and error.count("\n") == 1
    assert error.startswith(str(program.path) + ": ") and "state.ckpt belongs to" in error
    code, out, error = program.run("other", options=["-O"])
    assert code == 1 and error.count("\n") == 1
    assert "Traceback" in program.run("other", options=["-X", "dev"])[2]
    assert program.run(CAIRN_LIBRARY="/nowhere")[2].count("\n") == 1


def test_a_mistake_in_the_program_keeps_its_traceback(program):
    program.write("with cairn.open() as session:\n    session.safe_point()\n")
    code, out, error = program.run()
    assert code == 1 and "Traceback" in error and "session.safe_point()" in error


def test_a_hook_of_the_program_is_left_alone(program):
    program.write("sys.excepthook = lambda *_: print('mine')\n" + OPERATING)
    program.run()
    assert program.run("other")[:2] == (1, "mine\n")


def test_an_appended_file_that_cannot_be_opened_is_one_sentence(program):
    program.write("with cairn.open() as session:\n    session.append('no/such.txt')\n    session.restore()\n")
    code, out, error = program.run()
    assert code == 1 and error.count("\n") == 1 and "no/such.txt" in error


def test_a_full_disk_under_an_appended_file_is_one_sentence(program):
    program.write(
        """
with cairn.open() as session:
    lines = session.append("lines.txt")
    session.restore()
    os_file = lines._file
    class Full:
        closed = False
        def write(self, text): return os_file.write(text)
        def flush(self): raise OSError(28, "No space left on device")
        def close(self): os_file.close(); raise OSError(28, "No space left on device")
        def fileno(self): return os_file.fileno()
    lines._file = Full()
    lines.write("x")
    session.checkpoint()
"""
    )
    code, out, error = program.run()
    assert code == 1 and error.count("\n") == 1 and "write lines.txt: No space left" in error


def test_an_older_python_is_told_so(program):
    import glob
    import subprocess

    older = glob.glob("/root/.pyenv/versions/3.[67].*/bin/python")
    if not older:
        pytest.skip("there is no older Python here")
    program.write("")
    done = subprocess.run([older[0], str(program.path)], stderr=subprocess.PIPE, text=True)
    assert "cairn needs Python 3.8 or later" in done.stderr and "SyntaxError" not in done.stderr
