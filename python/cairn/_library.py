"""Finds libcairn and declares its calls, as include/cairn/cairn.h has them."""

import ctypes
import glob
import os
from ctypes import CFUNCTYPE, POINTER, Structure, c_char, c_char_p, c_double, c_int, c_int64
from ctypes import c_size_t, c_uint, c_uint64, c_void_p

from cairn._errors import CairnError, make_error

SONAME = "libcairn.so.0"
OK, CALLBACK = 0, 101
LEAVE = 1
MAY_EXTEND = 1


class Error(Structure):
    _fields_ = [
        ("code", c_int),
        ("sys_errno", c_int),
        ("message", c_char * 1024),
        ("hint", c_char * 512),
    ]


class Pair(Structure):
    _fields_ = [("key", c_char_p), ("value", c_char_p)]


class Options(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("directory", c_char_p),
        ("commit_every", c_uint64),
        ("commit_interval_ms", c_int64),
        ("leave_every", c_uint64),
        ("leave_interval_ms", c_int64),
        ("keep_generations", c_int),
        ("vacate_signal", c_int),
        ("leave", c_int),
        ("compression_level", c_int),
        ("identity", POINTER(Pair)),
        ("identity_count", c_size_t),
        ("identify_arguments", c_int),
    ]


class Type(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("name", c_char_p),
        ("element_bytes", c_uint64),
        ("dimensions", c_size_t),
        ("shape", POINTER(c_uint64)),
    ]


View = CFUNCTYPE(c_int, c_void_p, POINTER(c_void_p), POINTER(c_size_t), POINTER(Error))
Stage = CFUNCTYPE(c_int, c_void_p, c_void_p, c_size_t, POINTER(Error))
Notify = CFUNCTYPE(None, c_void_p)  # apply, abandon, release
Flush = CFUNCTYPE(c_int, c_void_p, POINTER(Error))


class Object(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("context", c_void_p),
        ("view", View),
        ("stage", Stage),
        ("apply", Notify),
        ("abandon", Notify),
        ("release", Notify),
    ]


_ERROR = POINTER(Error)
_CALLS = {
    # name: (result, arguments)
    "cairn_version": (c_char_p, []),
    "cairn_code_name": (c_char_p, [c_int]),
    "cairn_options_init": (None, [POINTER(Options), c_size_t]),
    "cairn_session_open": (c_int, [POINTER(Options), POINTER(c_void_p), _ERROR]),
    "cairn_session_close": (None, [c_void_p]),
    "cairn_protect_object": (
        c_int,
        [c_void_p, c_char_p, POINTER(Type), POINTER(Object), _ERROR],
    ),
    "cairn_protect_file": (c_int, [c_void_p, c_char_p, Flush, c_void_p, _ERROR]),
    "cairn_restore": (c_int, [c_void_p, POINTER(c_uint64), _ERROR]),
    "cairn_skipped_count": (c_size_t, [c_void_p]),
    "cairn_skipped": (c_int, [c_void_p, c_size_t, _ERROR]),
    "cairn_safe_point": (c_int, [c_void_p, POINTER(c_int), _ERROR]),
    "cairn_checkpoint": (c_int, [c_void_p, POINTER(c_uint64), _ERROR]),
    "cairn_leaving": (c_int, [c_void_p]),
    "cairn_exit_code": (c_int, [c_void_p]),
    "cairn_vacate_requested": (c_int, [c_void_p]),
    "cairn_progress": (None, [c_void_p, c_double]),
    "cairn_loop_begin": (
        c_int,
        [c_void_p, c_char_p, c_int64, c_int64, c_uint, POINTER(c_void_p), _ERROR],
    ),
    "cairn_loop_next": (c_int, [c_void_p, POINTER(c_int64)]),
    "cairn_loop_end": (c_int, [c_void_p, _ERROR]),
}


def candidates():
    """Where libcairn may be, most particular first."""
    named = os.environ.get("CAIRN_LIBRARY")
    if named:
        return [named]
    package = os.path.dirname(os.path.realpath(__file__))
    above = os.path.dirname(package)
    found = [os.path.join(package, SONAME), os.path.join(above, SONAME)]
    # Installed: PREFIX/share/cairn/python/cairn, PREFIX/lib/x86_64-linux-gnu.
    prefix = os.path.normpath(os.path.join(above, "..", "..", ".."))
    for pattern in ("lib/*-linux-*", "lib", "lib64"):
        found += glob.glob(os.path.join(prefix, pattern, SONAME))
    # In the source tree: python/cairn, build/release.  The build that was made last.
    builds = glob.glob(os.path.join(above, "..", "build", "*", SONAME))
    found += sorted(builds, key=os.path.getmtime, reverse=True)
    return [path for path in found if os.path.exists(path)] + [SONAME]


_loaded = None


def load():
    """libcairn, with its calls declared.  Loaded once."""
    global _loaded
    if _loaded is None:
        _loaded = _declare(_open_first(candidates()))
    return _loaded


def _open_first(paths):
    failures = []
    for path in paths:
        try:
            return ctypes.CDLL(path)
        except OSError as error:
            failures.append(str(error))
    raise make_error(
        "not_found",
        "libcairn cannot be loaded (" + "; ".join(failures) + ")",
        "set CAIRN_LIBRARY to the path of " + SONAME + ", or put that file beside the package",
        0,
    )


def _declare(library):
    for name, (result, arguments) in _CALLS.items():
        try:
            call = getattr(library, name)
        except AttributeError:
            raise CairnError(
                "%s has no %s: it is older than this package" % (library._name, name),
                "use the libcairn that belongs to the package",
                "unsupported",
            ) from None
        call.restype = result
        call.argtypes = arguments
    return library


def path_of(library):
    """The file that was loaded, also where the system's loader chose it."""
    name = os.path.realpath(library._name)
    if os.path.exists(name) and os.path.sep in library._name:
        return name
    with open("/proc/self/maps") as maps:
        for line in maps:
            path = line.rstrip("\n").partition("/")
            if os.path.basename(path[2]).startswith("libcairn.so"):
                return "/" + path[2]
    raise CairnError("the file of %s cannot be found" % library._name, "set CAIRN_LIBRARY", "not_found")


def to_exception(error):
    """The exception for a filled Error struct."""
    code = load().cairn_code_name(error.code).decode()
    message, hint = (text.decode("utf-8", "replace") for text in (error.message, error.hint))
    return make_error(code, message, hint, error.sys_errno)
