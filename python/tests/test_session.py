"""A session in this process: protect, restore, save, loops, files, errors."""

import array
import random
import sys
import warnings

import pytest

import cairn


def test_a_first_start_leaves_everything_as_it_is(start):
    _, state, restored = start(i=3, name="x")
    assert restored.generation == 0 and restored.skipped == ()
    assert (state.i, state.name) == (3, "x")


def test_what_the_attributes_hold_at_the_checkpoint_comes_back(start):
    session, state, _ = start(i=0, best=None, seen=set())
    state.i, state.best, state.seen = 7, (1.5, "a"), {1, 2}  # rebound
    assert session.checkpoint() == 1
    state.i = 8
    _, state, restored = start(i=0, best=None, seen=set())
    assert restored.generation == 1
    assert (state.i, state.best, state.seen) == (7, (1.5, "a"), {1, 2})


def test_a_misspelt_attribute_is_an_error(start):
    _, state, _ = start(total=0)
    with pytest.raises(AttributeError):
        state.totl = 1


def test_containers_change_in_place_so_that_others_see_it(start):
    session, state, _ = start(table={}, items=[], seen=set(), raw=bytearray())
    state.table["a"] = 1
    state.items += [1, 2]
    state.seen.add(3)
    state.raw += b"xy"
    session.checkpoint()
    table, items, seen, raw = {"old": 0}, [9], {9}, bytearray(b"zzz")
    start(table=table, items=items, seen=seen, raw=raw)
    assert (table, items, seen, raw) == ({"a": 1}, [1, 2], {3}, bytearray(b"xy"))


def test_objects_may_be_protected_by_name(scratch):
    def run():
        with cairn.open(vacate_signal=0) as session:
            items = session.protect("items", [])
            field = session.protect("field", array.array("d", [0, 0]))
            session.restore()
            before = list(items), list(field)
            items.append(1)
            field[1] += 2
            session.checkpoint()
        return before

    assert run() == ([], [0, 0])
    assert run() == ([1], [0, 2])


@pytest.mark.parametrize("value", [1, 1.0, "x", None, (1, 2), b"", True])
def test_what_cannot_change_in_place_needs_an_attribute(value):
    with cairn.open(vacate_signal=0) as session:
        with pytest.raises(cairn.UnsupportedValueError, match="state = session.protect"):
            session.protect("i", value)


def test_protect_says_what_it_takes():
    with cairn.open(vacate_signal=0) as session:
        with pytest.raises(cairn.MisuseError):
            session.protect([1])
        with pytest.raises(cairn.MisuseError):
            session.protect("a", [1], b=2)
        with pytest.raises(cairn.MisuseError):
            session.protect(**{"not a name": 1})
        with pytest.raises(cairn.UnsupportedValueError, match="x is a "):
            session.protect(x=object())
        session.protect(a=1)
        with pytest.raises(cairn.MisuseError):
            session.protect(a=2)
        session.restore()
        with pytest.raises(cairn.MisuseError):
            session.protect(b=1)


def test_a_value_that_becomes_unsupported_fails_the_safe_point_by_name(start):
    session, state, _ = start(i=[1])
    session.checkpoint()
    state.i = [1, object()]
    with pytest.raises(cairn.UnsupportedValueError, match=r"i\[1\]"):
        session.checkpoint()
    _, state, restored = start(i=None)  # the last checkpoint is still good
    assert (restored.generation, state.i) == (1, [1])


def test_random_generators_go_on_with_their_sequence(start):
    session, state, _ = start(rng=random.Random(1))
    state.rng.gauss(0, 1)  # keeps a second number inside
    session.checkpoint()
    expected = [state.rng.gauss(0, 1) for _ in range(5)] + [state.rng.random()]
    rng = random.Random(2)
    start(rng=rng)  # in place
    assert [rng.gauss(0, 1) for _ in range(5)] + [rng.random()] == expected


def test_a_generator_is_not_filled_with_something_else(start):
    session, _, _ = start(rng=5)
    session.checkpoint()
    with pytest.raises(cairn.MismatchError, match="rng is a int in the checkpoint"):
        start(rng=random.Random())


@pytest.mark.parametrize("code", "bBhHiIlLqQfd")
def test_arrays_come_back_in_place(start, code):
    session, state, _ = start(a=array.array(code, [1, 2, 3]))
    state.a[0] = 7
    session.checkpoint()
    fresh = array.array(code, [0, 0, 0])
    start(a=fresh)
    assert fresh == array.array(code, [7, 2, 3])


def test_arrays_of_another_type_or_size_are_refused_with_both(start):
    session, _, _ = start(a=array.array("d", [1, 2]))
    session.checkpoint()
    for other, words in ((array.array("d", [1, 2, 3]), "f64[3]"), (array.array("i", [1]), "i32[1]")):
        before = other[:]
        with pytest.raises(cairn.MismatchError) as caught:
            start(a=other)
        assert "f64[2]" in caught.value.message and words in caught.value.message
        assert other == before


def test_an_array_that_changes_its_size_is_refused_before_it_is_saved(start):
    session, state, _ = start(a=array.array("d", [1, 2]))
    state.a.append(3)
    with pytest.raises(cairn.MismatchError, match=r"f64\[2\] and is f64\[3\] now"):
        session.checkpoint()
    state.a = [1, 2]
    with pytest.raises(cairn.MismatchError, match="is list now"):
        session.checkpoint()


def test_an_array_made_smaller_before_restore_is_refused_and_not_overrun(start):
    session, _, _ = start(a=array.array("d", range(1000)))
    session.checkpoint()
    session.close()
    with cairn.open(vacate_signal=0) as session:
        state = session.protect(a=array.array("d", [0]) * 1000)
        state.a = array.array("d", [5])
        with pytest.raises(cairn.MismatchError, match=r"f64\[1000\] and is f64\[1\] now"):
            session.restore()
        assert state.a == array.array("d", [5])


def test_an_empty_array_is_an_array(start):
    session, _, _ = start(a=array.array("d"))
    session.checkpoint()
    assert start(a=array.array("d"))[2].generation == 1


def test_nothing_changes_when_one_region_does_not_fit(start):
    session, _, _ = start(a=[1], b=array.array("d", [1]), c=random.Random(1))
    session.checkpoint()
    a, b, c = [0], array.array("f", [0]), random.Random(2)
    with pytest.raises(cairn.MismatchError):
        start(a=a, b=b, c=c)
    assert (a, b) == ([0], array.array("f", [0])) and c.random() == random.Random(2).random()


def test_other_names_are_refused(start):
    session, _, _ = start(a=1)
    session.checkpoint()
    with pytest.raises(cairn.MismatchError, match="b"):
        start(b=1)


def test_another_identity_is_refused(start):
    session, _, _ = start({"identity": {"seed": 1}}, a=1)
    session.checkpoint()
    with pytest.raises(cairn.MismatchError, match="seed"):
        start({"identity": {"seed": 2}}, a=1)
    assert start({"identity": {"seed": "1"}}, a=1)[2].generation == 1


def test_other_arguments_are_refused_unless_they_do_not_count(start, monkeypatch):
    options = {"identify_arguments": False}
    monkeypatch.setattr(sys, "argv", ["/somewhere/sweep.py", "0", "10"])
    session, _, _ = start(a=1)
    session.checkpoint()
    monkeypatch.setattr(sys, "argv", ["/elsewhere/sweep.py", "0", "10"])
    start(a=1)
    monkeypatch.setattr(sys, "argv", ["sweep.py", "0", "20"])
    with pytest.raises(cairn.MismatchError) as caught:
        start(a=1)
    assert "0 10" in caught.value.message and "0 20" in caught.value.message
    session, _, _ = start({"directory": "other", **options}, a=1)
    session.checkpoint()
    monkeypatch.setattr(sys, "argv", ["x.py"])
    assert start({"directory": "other", **options}, a=1)[2].generation == 1


def test_the_second_session_is_told_who_has_the_folder(start):
    start(a=1)
    with pytest.raises(cairn.LockedError) as caught:
        cairn.open(vacate_signal=0)
    assert caught.value.code == "locked" and caught.value.hint


def test_a_damaged_checkpoint_is_passed_over_with_a_warning(start, scratch):
    session, state, _ = start(i=1)
    session.checkpoint()
    state.i = 2
    session.checkpoint()
    session.close()
    newest = scratch / "state.ckpt" / "gen-000002.cairn"
    newest.chmod(0o644)
    newest.write_bytes(newest.read_bytes()[:-1])
    with pytest.warns(cairn.CairnWarning, match="gen-000002"):
        _, state, restored = start(i=0)
    assert (restored.generation, state.i) == (1, 1)
    assert [error.code for error in restored.skipped] == ["corrupt"]


def test_if_none_verifies_it_is_an_error_and_no_silent_start_from_zero(start, scratch):
    session, _, _ = start(i=1)
    session.checkpoint()
    session.close()
    for file in (scratch / "state.ckpt").glob("gen-*.cairn"):
        file.chmod(0o644)
        file.write_bytes(b"x" + file.read_bytes()[1:])
    with pytest.raises(cairn.CorruptError), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start(i=1)


def test_order_of_calls(start):
    with cairn.open(vacate_signal=0) as session:
        for call in (session.safe_point, session.checkpoint, lambda: session.loop(range(2))):
            with pytest.raises(cairn.MisuseError, match="restore"):
                call()
        session.restore()
        with pytest.raises(cairn.MisuseError, match="once"):
            session.restore()
        session.checkpoint()
    with pytest.raises(cairn.MisuseError, match="closed"):
        session.safe_point()
    session.close()  # twice does nothing


# ---- leaving and loops


def test_a_safe_point_leaves_with_the_code_that_was_promised(start, monkeypatch):
    monkeypatch.setenv("CAIRN_CHECKPOINT_EXIT_CODE", "85")
    session, _, _ = start({"leave_every": 2}, i=0)
    session.safe_point()
    with pytest.raises(cairn.CheckpointExit) as caught:
        session.safe_point()
    assert caught.value.code == 85 and isinstance(caught.value, SystemExit)


def test_started_by_hand_it_runs_on(start):
    session, _, _ = start({"leave_every": 1}, i=0)
    for _ in range(3):
        session.safe_point()
    assert session.exit_code == 0 and not session.vacate_requested


def test_a_loop_goes_on_where_the_checkpoint_was_made(start):
    options = {"leave_every": 3, "leave": "always"}
    seen = []

    def run():
        session, state, _ = start(options, total=0)
        for i in session.loop(range(5, 10)):
            seen.append(i)
            state.total += i
        return state.total

    with pytest.raises(cairn.CheckpointExit):
        run()
    assert seen == [5, 6, 7]
    assert run() == 5 + 6 + 7 + 8 + 9
    assert seen == [5, 6, 7, 8, 9]


def test_loops_may_be_nested_and_left_by_break(start):
    session, _, _ = start()
    pairs = []
    for i in session.loop(range(3), "outer"):
        for j in session.loop(range(10), "inner"):
            if j == 2:
                break
            pairs.append((i, j))
    assert pairs == [(i, j) for i in range(3) for j in range(2)]


def test_another_range_is_refused_unless_it_may_extend(start):
    session, _, _ = start()
    for i in session.loop(range(3)):
        if i == 1:
            session.checkpoint()
    session, _, _ = start()
    with pytest.raises(cairn.MismatchError):
        session.loop(range(5))
    assert list(session.loop(range(5), may_extend=True)) == [1, 2, 3, 4]


def test_a_loop_counts_by_one_over_a_range(start):
    session, _, _ = start()
    with pytest.raises(cairn.UnsupportedValueError, match="5 . 2 . i"):
        session.loop(range(5, 10, 2))
    with pytest.raises(cairn.UnsupportedValueError, match="takes a range"):
        session.loop([1, 2])
    with pytest.raises(cairn.UnsupportedValueError, match="64 bits"):
        session.loop(range(2**64))
    assert list(session.loop(range(5, 2))) == []


def test_a_failed_safe_point_ends_the_loop_with_what_failed(start):
    session, state, _ = start({"commit_every": 1}, x=1)
    with pytest.raises(cairn.UnsupportedValueError, match="x is a object"):
        for _ in session.loop(range(3)):
            state.x = object()


# ---- files


def test_an_appended_file_is_cut_back_to_the_checkpoint(scratch):
    def run(*lines, save):
        with cairn.open(vacate_signal=0) as session:
            results = session.append("results.csv")
            session.restore()
            print(*lines, sep="\n", file=results)
            if save:
                session.checkpoint()
                results.write("lost\n")
            return (scratch / "results.csv").read_text() if save else None

    run("a", "b", save=True)
    assert (scratch / "results.csv").read_text() == "a\nb\nlost\n"
    run("c", save=False)
    assert (scratch / "results.csv").read_text() == "a\nb\nc\n"


def test_an_appended_file_is_there_from_the_start_and_closed_at_the_end(scratch):
    with cairn.open(vacate_signal=0) as session:
        results = session.append("results.csv", encoding="latin-1")
        with pytest.raises(cairn.MisuseError, match="before restore"):
            results.write("x")
        session.restore()
        assert (scratch / "results.csv").exists()  # it may be in transfer_checkpoint_files
        results.write("é\n")
        results.flush()
        assert (scratch / "results.csv").read_bytes() == b"\xe9\n"
        assert results.writable() and not results.readable()
    assert results.closed


def test_an_appended_file_takes_what_writes_text(scratch):
    import csv

    with cairn.open(vacate_signal=0) as session:
        results = session.append(scratch / "results.csv")
        session.restore()
        csv.writer(results, lineterminator="\n").writerow([1, "a,b"])
    assert (scratch / "results.csv").read_text() == '1,"a,b"\n'


def test_a_file_that_is_not_what_was_written_is_refused(scratch):
    with cairn.open(vacate_signal=0) as session:
        results = session.append("results.csv")
        session.restore()
        results.write("abc\n")
        session.checkpoint()
    (scratch / "results.csv").write_text("abX\n")
    with cairn.open(vacate_signal=0) as session:
        session.append("results.csv")
        with pytest.raises(cairn.CorruptError, match="results.csv"):
            session.restore()


def test_a_file_twice_is_misuse():
    with cairn.open(vacate_signal=0) as session:
        session.append("results.csv")
        with pytest.raises(cairn.MisuseError):
            session.append("results.csv")


@pytest.mark.parametrize(
    "options",
    [
        {"commit_every": -1},
        {"leave_every": 1.5},
        {"commit_interval": -1},
        {"leave_interval": float("nan")},
        {"keep_generations": 0},
        {"leave": "sometimes"},
        {"compression_level": 99},
        {"vacate_signal": 9},
        {"directory": ""},
        {"identity": {"a": []}},
    ],
    ids=str,
)
def test_options_out_of_their_range_are_refused(options):
    with pytest.raises(cairn.CairnError):
        cairn.open(**options)
