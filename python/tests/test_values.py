"""Plain values come back exactly, and what cannot is refused with a sentence."""

import array
import json
import math
import random
import struct

import pytest

import cairn
from cairn import _values


def there_and_back(value):
    return _values.value_of(_values.decode("x", _values.encode("x", value)))


def same(left, right):
    """Equal, of the same type all the way down, and of the same sign and bits."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        return struct.pack(">d", left) == struct.pack(">d", right)
    if isinstance(left, complex):
        return same(left.real, right.real) and same(left.imag, right.imag)
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        pairs = zip(left.items(), right.items())
        return len(left) == len(right) and all(same(a, b) for a, b in pairs)
    return left == right


VALUES = [
    None, True, False, 0, -1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**5000, -(10**5000),
    0.0, -0.0, 0.1, 5e-324, 1.7976931348623157e308, 1e22, math.inf, -math.inf, math.nan, 2.0,
    struct.unpack(">d", bytes.fromhex("7ff8000000000001"))[0],
    complex(0.0, -0.0), complex(math.nan, math.inf),
    "", "text", "\0", "\n\"\\", "é", "\U0001f600", "\ud800", "$tuple",
    b"", b"\x00\xff", bytearray(b"ab"),
    [], [1, [2.0, ["x"]]], (), (1,), (1, (2,)), [()], ([],),
    {}, {"a": 1}, {"$tuple": [1]}, {"$": 1}, {1: "a", "1": "b"}, {(1, 2): {3: [4]}}, {None: None},
    {1.5: {"a": (1, 2)}}, {"z": 1, "a": 2}, {2: 1, 1: 2}, {b"k": True, False: b"v"},
    set(), {1, 2}, {"a", 1, (2, "b")}, frozenset(), frozenset({1, frozenset({2})}), {frozenset({1})},
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_comes_back_exactly(value):
    assert same(there_and_back(value), value)


def random_value(chance, depth=3):
    kind = chance.randrange(12 if depth else 7)
    if kind == 0:
        return chance.choice([None, True, False])
    if kind == 1:
        return chance.getrandbits(chance.choice([1, 8, 63, 64, 200])) * chance.choice([1, -1])
    if kind == 2:
        return struct.unpack(">d", chance.getrandbits(64).to_bytes(8, "big"))[0]
    if kind == 3:
        return chance.random()
    if kind == 4:
        letters = ["a", "$", "\0", "é", "\ud800", "\U0001f600"]
        return "".join(chance.choice(letters) for _ in range(chance.randrange(5)))
    if kind == 5:
        return bytes(chance.getrandbits(8) for _ in range(chance.randrange(5)))
    if kind == 6:
        return complex(chance.random(), -chance.random())
    items = [random_value(chance, depth - 1) for _ in range(chance.randrange(4))]
    if kind == 7:
        return items
    if kind == 8:
        return tuple(items)
    keys = [random_value(chance, 0) for _ in items]
    if kind == 9:
        return {key: item for key, item in zip(keys, items) if key == key}
    numbers = [key for key in keys if key == key]
    return set(numbers) if kind == 10 else frozenset(numbers)


def test_random_values_come_back_exactly(chance):
    for _ in range(2000):
        value = random_value(chance)
        assert same(there_and_back(value), value), value


def test_equal_sets_are_equal_bytes():
    assert _values.encode("x", {8, 0}) == _values.encode("x", {0, 8})


def test_the_text_is_json_without_extensions():
    def refuse(word):
        raise AssertionError(word)

    for value in VALUES:
        json.loads(_values.encode("x", value), parse_constant=refuse)


class Own:
    pass


@pytest.mark.parametrize(
    "value, words",
    [
        (Own(), "state.x is a "),
        ([1, {"k": [Own()]}], "x[1]['k'][0] is a"),
        ({Own(): 1}, "a key of x is a"),
        (lambda: 0, "is a function"),
        (random.SystemRandom(), "cannot be repeated"),
        (range(3), "is a range"),
    ],
)
def test_what_cannot_be_held_is_named(value, words):
    with pytest.raises(cairn.UnsupportedValueError) as caught:
        _values.encode("state.x" if words.startswith("state") else "x", value)
    assert words in caught.value.message
    assert isinstance(caught.value, TypeError) and isinstance(caught.value, cairn.CairnError)


def test_a_circle_is_refused_and_a_twin_is_not():
    circle = [1]
    circle.append({"a": circle})
    with pytest.raises(cairn.UnsupportedValueError, match="contains itself"):
        _values.encode("x", circle)
    twin = [1]
    assert there_and_back([twin, twin]) == [[1], [1]]


def test_depth_has_an_end_but_no_crash():
    deep = []
    for _ in range(100000):
        deep = [deep]
    with pytest.raises(cairn.UnsupportedValueError, match="nested too deeply"):
        _values.encode("x", deep)


def test_subclasses_are_refused_because_they_would_come_back_as_something_else():
    import collections
    import enum

    Point = collections.namedtuple("Point", "x y")
    for value in (Point(1, 2), collections.OrderedDict(), enum.IntEnum("E", "a").a):
        with pytest.raises(cairn.UnsupportedValueError):
            _values.encode("x", value)


def test_damaged_text_is_corrupt_and_newer_text_is_unsupported():
    with pytest.raises(cairn.CorruptError):
        _values.decode("x", b"{")
    with pytest.raises(cairn.CairnError, match="newer"):
        _values.value_of({"$novel": 1})


def test_nothing_is_pickled():
    """Reading a checkpoint must never run what is in it."""
    import pathlib

    for source in pathlib.Path(cairn.__file__).parent.glob("*.py"):
        text = source.read_text()
        assert "import pickle" not in text and "eval(" not in text and "exec(" not in text


def test_arrays_inside_values_are_not_silently_copied():
    with pytest.raises(cairn.UnsupportedValueError):
        _values.encode("x", [array.array("d", [1])])
