"""One protected attribute as libcairn sees it: a type, its bytes, and the way back.

Arrays are recorded with their element type and shape, so that `cairn show` and programs in other
languages understand them, and are read and written where they lie.  Everything else is a stream
of the type "python" (_values.py).
"""

import array
import ctypes
import sys

from cairn import _values
from cairn._errors import MismatchError, UnsupportedValueError
from cairn._library import Type

_CODES = {"b": "i", "h": "i", "i": "i", "l": "i", "q": "i"}
_CODES.update({code.upper(): "u" for code in _CODES})
_CODES.update({"f": "f", "d": "f"})

_IMMUTABLE = (type(None), bool, int, float, complex, str, bytes, tuple, frozenset)


def region_type(name, element_bytes=0, shape=()):
    extents = (ctypes.c_uint64 * len(shape))(*shape)
    return Type(ctypes.sizeof(Type), name.encode(), element_bytes, len(shape), extents)


def make_region(name, get, put):
    """The region for what get() returns now.  put(value) rebinds it."""
    value = get()
    if isinstance(value, array.array):
        return ArrayRegion(name, get)
    numpy = _values.numpy_of(value)
    if numpy is not None and isinstance(value, numpy.ndarray):
        return NumpyRegion(name, get, numpy)
    return ValueRegion(name, get, put)


def is_shared(one, other):
    """Whether restoring one in place would change the other."""
    if one is other:
        return not isinstance(one, _IMMUTABLE)
    numpy = _values.numpy_of(one)
    if numpy is None or not isinstance(one, numpy.ndarray) or not isinstance(other, numpy.ndarray):
        return False
    try:
        return numpy.shares_memory(one, other, max_work=1000)
    except Exception:  # numpy.TooHardError, whose module depends on the version
        return True


class ValueRegion:
    """Any value that _values.py can write."""

    def __init__(self, name, get, put):
        self._name, self._get, self._put = name, get, put
        self._change = None
        self.type = region_type("python")
        _values.encode(name, get())  # what cannot be saved is said now, not after an hour

    def view(self):
        """(address, number of bytes, what keeps them alive)"""
        data = _values.encode(self._name, self._get())
        return ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value, len(data), data

    def stage(self, address, size):
        tree = _values.decode(self._name, ctypes.string_at(address, size))
        self._change = _values.restoring(self._name, self._get(), tree)

    def apply(self):
        self._put(self._change())
        self._change = None

    def abandon(self):
        self._change = None


class _FixedArray:
    """An array whose element type and shape are those that it had when it was protected."""

    def __init__(self, name, get):
        self._name, self._get = name, get
        self._staged = None
        self._first = self._describe(get())
        self.type = region_type(*self._first)

    def _now(self):
        """The array, if it is still what protect() saw."""
        value = self._get()
        described = self._describe(value)
        if described != self._first:
            raise MismatchError(
                "%s was protected as %s and is %s now, which a restart could not restore"
                % (self._name, _type_text(self._first), _type_text(described)),
                "keep what changes its size in a list",
            )
        return value

    def stage(self, address, size):
        self._now()
        self._staged = address, size

    def abandon(self):
        self._staged = None


class ArrayRegion(_FixedArray):
    """An array.array."""

    def _describe(self, value):
        if not isinstance(value, array.array):
            return _values.type_name(value), 0, ()
        if value.typecode not in _CODES:
            raise UnsupportedValueError(
                "%s is an array of characters, which have no fixed size" % self._name, "use a str"
            )
        kind = _CODES[value.typecode] + str(8 * value.itemsize)
        return kind, value.itemsize, (len(value),)

    def view(self):
        value = self._now()
        address, count = value.buffer_info()
        return address, count * value.itemsize, value

    def apply(self):
        address, size = self._staged
        ctypes.memmove(self._get().buffer_info()[0], address, size)
        self._staged = None


class NumpyRegion(_FixedArray):
    """A numpy.ndarray of any memory order; its bytes are recorded in C order."""

    def __init__(self, name, get, numpy):
        self._numpy = numpy
        value = get()
        if not self._is_plain(value):
            raise UnsupportedValueError(
                "%s is a %s, which holds more than its elements" % (name, _values.type_name(value)),
                "protect its parts as plain arrays",
            )
        if not value.flags.writeable:
            raise UnsupportedValueError(
                "%s is read-only, so that it could not be restored" % name, "protect a copy of it"
            )
        super().__init__(name, get)

    def _is_plain(self, value):
        return type(value) in (self._numpy.ndarray, self._numpy.memmap)

    def _describe(self, value):
        if not self._is_plain(value):
            return _values.type_name(value), 0, ()
        if value.dtype.hasobject:
            raise UnsupportedValueError(
                "%s is an array of Python objects, whose bytes mean nothing in another process"
                % self._name,
                "use a list, or a numeric dtype",
            )
        return _dtype_name(value.dtype), value.dtype.itemsize, value.shape

    def view(self):
        value = self._numpy.ascontiguousarray(self._now())  # copies only if it is not already
        return value.__array_interface__["data"][0], value.nbytes, value

    def apply(self):
        value = self._get()
        address, size = self._staged
        if value.flags.c_contiguous:
            ctypes.memmove(value.__array_interface__["data"][0], address, size)
        elif size:
            data = (ctypes.c_char * size).from_address(address)
            value[...] = self._numpy.frombuffer(data, value.dtype).reshape(value.shape)
        self._staged = None


def _dtype_name(dtype):
    """"f64" and the like as other languages say it; NumPy's own words for the rest."""
    if dtype.names is not None:
        return "numpy " + str(dtype.descr)
    native = dtype.isnative and (sys.byteorder == "little" or dtype.itemsize == 1)
    if native and dtype.kind == "b":
        return "bool"
    if native and dtype.kind in "iuf" and dtype.itemsize <= 8:
        return dtype.kind + str(8 * dtype.itemsize)
    if native and dtype.kind == "c" and dtype.itemsize <= 16:
        return "c" + str(8 * dtype.itemsize)
    return "numpy " + dtype.str


def _type_text(described):
    name, _, shape = described
    return name + "".join("[%d]" % extent for extent in shape)
