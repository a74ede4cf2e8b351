"""Python values as text that gives back exactly the same values.

The text is JSON.  What JSON cannot say is an object with one key that begins with "$":

    {"$tuple": [1, 2]}        {"$set": [...]}      {"$frozenset": [...]}
    {"$bytes": "00ff"}        {"$bytearray": "00ff"}
    {"$float": "7ff0..."}     inf, -inf, nan: their eight bytes
    {"$int": "-0x1f..."}      integers of more than 64 bits
    {"$complex": [re, im]}    {"$dict": [[key, value], ...]}  keys that are not plain text
    {"$random": state}        {"$generator": state}  {"$random_state": state}  {"$bit_generator": state}
    {"$numpy": [dtype, hex]}  {"$ndarray": [dtype, shape, hex]}

Not pickle: a pickle runs code when it is read, and what it holds depends on the versions of
Python and of every library.  This text is data, and cannot be anything else.

Objects that stand in a value twice come back as two; a value that contains itself is refused.
"""

import json
import math
import random
import struct
import sys

from cairn._errors import CorruptError, MismatchError, UnsupportedValueError

_TAG = "$"
_INT64 = range(-(2**63), 2**63)


class _GeneratorKind:
    """A class of random generators: its tag, where it lives, how to read and set its state."""

    def __init__(self, tag, module, name, state_of, set_state):
        self.tag, self.module, self.name = tag, module, name
        self.state_of, self.set_state = state_of, set_state

    def holds(self, value):
        module = sys.modules.get(self.module)
        kind = getattr(module, self.name, None)
        return kind is not None and isinstance(value, kind)


_GENERATORS = (
    _GeneratorKind(
        "$random",
        "random",
        "Random",
        lambda one: one.getstate(),
        lambda one, state: one.setstate(state),
    ),
    _GeneratorKind(
        "$generator",
        "numpy.random",
        "Generator",
        lambda one: one.bit_generator.state,
        lambda one, state: setattr(one.bit_generator, "state", state),
    ),
    _GeneratorKind(
        "$random_state",
        "numpy.random",
        "RandomState",
        lambda one: one.get_state(legacy=False),
        lambda one, state: one.set_state(state),
    ),
    _GeneratorKind(
        "$bit_generator",
        "numpy.random",
        "BitGenerator",
        lambda one: one.state,
        lambda one, state: setattr(one, "state", state),
    ),
)


def generator_kind(value):
    """The kind of generator that `value` is, or None."""
    return next((kind for kind in _GENERATORS if kind.holds(value)), None)


def numpy_of(value):
    """The numpy module if `value` is one of its objects, else None.  Never imports it."""
    module = type(value).__module__
    if module == "numpy" or module.startswith("numpy."):
        return sys.modules.get("numpy")
    numpy = sys.modules.get("numpy")  # a class derived from one of numpy's
    if numpy is not None and hasattr(numpy, "ndarray") and isinstance(value, numpy.ndarray):
        return numpy
    return None


def encode(name, value):
    """`value` as bytes.  `name` is what errors call it."""
    try:
        tree = _Encoder().tree(value, name)
        return json.dumps(tree, separators=(",", ":"), allow_nan=False).encode("ascii")
    except RecursionError:
        raise UnsupportedValueError("%s is nested too deeply for a checkpoint" % name) from None


def decode(name, data):
    """The tree in `data`, to be made a value by restore_value()."""
    try:
        return json.loads(bytes(data).decode("ascii"))
    except (ValueError, RecursionError) as error:
        raise CorruptError("%s does not hold a Python value (%s)" % (name, error)) from None


class _Encoder:
    def __init__(self):
        self._open = set()  # the containers around the value at hand

    def tree(self, value, name):
        kind = type(value)
        if value is None or kind is bool or kind is str:
            return value
        if kind is int:
            return value if value in _INT64 else {"$int": hex(value)}
        if kind is float:
            return value if math.isfinite(value) else {"$float": struct.pack(">d", value).hex()}
        if kind is complex:
            return {"$complex": [self.tree(value.real, name), self.tree(value.imag, name)]}
        if kind is bytes or kind is bytearray:
            return {_TAG + kind.__name__: value.hex()}
        if kind in (list, tuple, set, frozenset, dict):
            return self._container(value, kind, name)
        generator = generator_kind(value)
        if generator is not None:
            return {generator.tag: self.tree(_generator_state(generator, value, name), name)}
        return self._numpy(value, name)

    def _container(self, value, kind, name):
        if id(value) in self._open:
            raise UnsupportedValueError("%s contains itself" % name, "break the circle")
        self._open.add(id(value))
        try:
            if kind is dict:
                return self._dict(value, name)
            if kind is list or kind is tuple:
                items = [self.tree(item, "%s[%d]" % (name, i)) for i, item in enumerate(value)]
            else:
                # In an order of their own, so that equal sets are equal bytes.
                items = [self.tree(item, "an element of " + name) for item in value]
                items.sort(key=lambda item: json.dumps(item, sort_keys=True))
            return items if kind is list else {_TAG + kind.__name__: items}
        finally:
            self._open.discard(id(value))

    def _dict(self, value, name):
        if all(type(key) is str and not key.startswith(_TAG) for key in value):
            return {key: self.tree(item, "%s[%r]" % (name, key)) for key, item in value.items()}
        return {
            "$dict": [
                [self.tree(key, "a key of " + name), self.tree(item, "%s[%r]" % (name, key))]
                for key, item in value.items()
            ]
        }

    def _numpy(self, value, name):
        numpy = numpy_of(value)
        if numpy is not None:
            if type(value) is numpy.ndarray and _plain_dtype(value.dtype):
                shape = [int(extent) for extent in value.shape]
                return {"$ndarray": [value.dtype.str, shape, value.tobytes().hex()]}
            if isinstance(value, numpy.generic) and _plain_dtype(value.dtype):
                return {"$numpy": [value.dtype.str, value.tobytes().hex()]}
        raise UnsupportedValueError(
            "%s is a %s, which a checkpoint cannot hold" % (name, type_name(value)),
            "protect what it is made of: numbers, text, bytes, lists, tuples, dicts, sets, "
            "array.array, NumPy arrays, random generators",
        )


def _plain_dtype(dtype):
    return not dtype.hasobject and dtype.names is None and dtype.kind != "V"


def type_name(value):
    kind = type(value)
    plain = kind.__module__ in ("builtins", "__main__")
    return kind.__qualname__ if plain else kind.__module__ + "." + kind.__qualname__


def _generator_state(generator, value, name):
    extra = set(getattr(value, "__dict__", ())) - {"gauss_next"}
    if extra and getattr(type(value), "getstate", None) is random.Random.getstate:
        raise UnsupportedValueError(
            "%s is a %s with attributes of its own (%s), which getstate() does not save"
            % (name, type_name(value), ", ".join(sorted(extra))),
            "define getstate() and setstate(), or keep them elsewhere",
        )
    try:
        return generator.state_of(value)
    except NotImplementedError:
        raise UnsupportedValueError(
            "%s is a %s, whose numbers come from the system and cannot be repeated"
            % (name, type_name(value)),
            "use random.Random(seed)",
        ) from None


# ---- the way back


def _import_numpy():
    try:
        import numpy
    except ImportError:
        raise MismatchError(
            "the checkpoint holds NumPy values, but NumPy cannot be imported here",
            "run the program with a Python that has NumPy",
        ) from None
    return numpy


def _make_bit_generator(state):
    made = getattr(_import_numpy().random, state["bit_generator"])()
    made.state = state
    return made


def _make_generator(state):
    return _import_numpy().random.Generator(_make_bit_generator(state))


def _make_random(state):
    made = random.Random()
    made.setstate(state)
    return made


def _make_random_state(state):
    made = _import_numpy().random.RandomState()
    made.set_state(state)
    return made


def _make_array(content):
    numpy = _import_numpy()
    dtype, shape, data = content
    return numpy.frombuffer(bytes.fromhex(data), numpy.dtype(dtype)).reshape(shape).copy()


def _make_scalar(content):
    numpy = _import_numpy()
    return numpy.frombuffer(bytes.fromhex(content[1]), numpy.dtype(content[0]))[0]


# Tags whose content is made of values, and tags whose content is text.
_FROM_VALUES = {
    "$tuple": tuple,
    "$set": set,
    "$frozenset": frozenset,
    "$complex": lambda parts: complex(*parts),
    "$dict": dict,
    "$random": _make_random,
    "$generator": _make_generator,
    "$random_state": _make_random_state,
    "$bit_generator": _make_bit_generator,
}
_FROM_TEXT = {
    "$int": lambda text: int(text, 16),
    "$float": lambda text: struct.unpack(">d", bytes.fromhex(text))[0],
    "$bytes": bytes.fromhex,
    "$bytearray": bytearray.fromhex,
    "$ndarray": _make_array,
    "$numpy": _make_scalar,
}


def value_of(tree):
    """The value that `tree` stands for."""
    if type(tree) is list:
        return [value_of(item) for item in tree]
    if type(tree) is not dict:
        return tree
    tag, content = _tagged(tree)
    if tag in _FROM_TEXT:
        return _FROM_TEXT[tag](content)
    if tag in _FROM_VALUES:
        return _FROM_VALUES[tag](value_of(content))
    if tag is not None:
        raise MismatchError(
            "the checkpoint holds a value of the unknown kind %s" % tag,
            "it was written by a newer cairn: use that one",
            "unsupported",
        )
    return {key: value_of(item) for key, item in tree.items()}


def _tagged(tree):
    if len(tree) == 1:
        (key,) = tree
        if key.startswith(_TAG):
            return key, tree[key]
    return None, None


def restoring(name, current, tree):
    """How to give `current`, which is what the program holds, the value of `tree`.

    Returns a function without arguments that cannot fail and returns what the program shall hold
    then.  Generators, arrays, lists, dicts, sets and bytearrays stay the objects they are and change
    in place, also inside of each other, so that whoever else holds them sees the same.
    """
    generator = generator_kind(current)
    if generator is not None and (type(tree) is not dict or generator.tag not in tree):
        raise _kind_mismatch(name, current, value_of(tree))
    return _plan(name, current, tree, set())


def _plan(name, current, tree, seen):
    """As restoring().  seen: the ids of what is restored already; the second time it is a copy."""
    tag, content = _tagged(tree) if type(tree) is dict else (None, None)
    planner = _planner(current, tree, tag)
    if planner is None or id(current) in seen:
        value = value_of(tree)
        return lambda: value
    seen.add(id(current))
    return planner(name, current, tree if tag is None else content, seen)


def _planner(current, tree, tag):
    generator = generator_kind(current)
    if generator is not None:
        return _plan_generator if tag == generator.tag else None
    kind = type(current)
    if kind is list:
        return _plan_list if type(tree) is list else None
    if kind is dict:
        plain = type(tree) is dict and tag is None
        return _plan_plain_dict if plain else _plan_dict if tag == "$dict" else None
    if kind is tuple or kind is set or kind is bytearray:
        planners = {"$tuple": _plan_tuple, "$set": _plan_set, "$bytearray": _plan_bytearray}
        return planners[tag] if tag == _TAG + kind.__name__ else None
    numpy = numpy_of(current)
    if numpy is not None and kind is numpy.ndarray and tag == "$ndarray" and current.flags.writeable:
        fits = current.dtype.str == tree[tag][0] and list(current.shape) == tree[tag][1]
        return _plan_ndarray if fits else None
    return None


def _plan_generator(name, current, content, seen):
    return _restoring_generator(name, current, value_of(content), generator_kind(current))


def _plan_items(name, current, content, seen):
    pairs = zip(current, content)
    parts = [_plan("%s[%d]" % (name, i), *pair, seen) for i, pair in enumerate(pairs)]
    return parts + [lambda value=value_of(item): value for item in content[len(current) :]]


def _plan_list(name, current, content, seen):
    parts = _plan_items(name, current, content, seen)
    return lambda: _in_place(current, lambda: current.__setitem__(slice(None), [p() for p in parts]))


def _plan_tuple(name, current, content, seen):
    parts = _plan_items(name, current, content, seen)

    def change():
        made = tuple(part() for part in parts)
        same = len(made) == len(current) and all(a is b for a, b in zip(made, current))
        return current if same else made

    return change


def _plan_plain_dict(name, current, content, seen):
    return _plan_pairs(name, current, content.items(), seen)


def _plan_dict(name, current, content, seen):
    return _plan_pairs(name, current, [(value_of(key), item) for key, item in content], seen)


def _plan_pairs(name, current, pairs, seen):
    parts = [
        (key, _plan("%s[%r]" % (name, key), current.get(key), item, seen)) for key, item in pairs
    ]

    def change():
        made = [(key, part()) for key, part in parts]
        current.clear()
        current.update(made)

    return lambda: _in_place(current, change)


def _plan_set(name, current, content, seen):
    value = set(value_of(content))
    return lambda: _in_place(current, lambda: (current.clear(), current.update(value)))


def _plan_bytearray(name, current, content, seen):
    value = bytes.fromhex(content)
    return lambda: _in_place(current, lambda: current.__setitem__(slice(None), value))


def _plan_ndarray(name, current, content, seen):
    value = _make_array(content)
    return lambda: _in_place(current, lambda: current.__setitem__(Ellipsis, value))


def _in_place(current, change):
    change()
    return current


def _restoring_generator(name, current, state, kind):
    # Set it and set it back: what cannot be set must be known while nothing has changed.
    before = kind.state_of(current)
    try:
        kind.set_state(current, state)
    except (ValueError, TypeError, KeyError) as error:
        raise MismatchError(
            "%s is a %s, which does not take the state in the checkpoint (%s)"
            % (name, type_name(current), error),
            "create it as the program that wrote the checkpoint did",
        ) from None
    finally:
        kind.set_state(current, before)
    return lambda: _in_place(current, lambda: kind.set_state(current, state))


def _kind_mismatch(name, current, stored):
    return MismatchError(
        "%s is a %s in the checkpoint and a %s in this program"
        % (name, type_name(stored), type_name(current)),
        "create it as the program that wrote the checkpoint did",
    )
