"""A session: one process's use of a checkpoint folder, from open to exit."""

import codecs
import contextlib
import ctypes
import errno
import io
import operator
import os
import shlex
import signal
import sys
import threading
import warnings
import weakref
from collections import namedtuple
from ctypes import byref

from cairn import _library, _regions
from cairn._errors import CairnError, CairnWarning, CheckpointExit, MisuseError
from cairn._errors import UnsupportedValueError, make_error

# What restore() found: the generation's number, 0 on a first start, and a CairnError for each
# newer one that failed verification.
Restored = namedtuple("Restored", "generation skipped")

_LEAVE = {"when_promised": 0, "always": 1, "never": 2}
_BUSY = "the session is in the middle of another call"
_IN_PLACE = "an array, a list, a dict, a set, a bytearray or a random generator"


def open(
    directory="state.ckpt",
    *,
    commit_every=None,
    commit_interval=None,
    leave_every=None,
    leave_interval=None,
    keep_generations=None,
    vacate_signal=None,
    leave="when_promised",
    identity=None,
    identify_arguments=True,
    compression_level=None
):
    """Opens the checkpoint folder `directory`, made if missing, and takes its lock.

    commit_every, commit_interval  save after so many safe points, so many seconds; 0 is never
    leave_every, leave_interval    save and exit, so that the checkpoint is transferred; where
                                   nobody promised to restart the program, only save
    keep_generations               at least 1; 2, the default, survives one damaged file
    vacate_signal                  save and exit at the next safe point; SIGTERM; 0 for none
    leave                          "when_promised", "always" or "never"
    identity                       a dict: restore() refuses a checkpoint with other keys or values
    identify_arguments             whether script name and arguments belong to it, too
    compression_level              zstd, 1 to 19; 0 for none

    Raises LockedError, CairnError.
    """
    library = _library.load()
    options = _library.Options()
    library.cairn_options_init(byref(options), ctypes.sizeof(options))
    options.directory = _bytes("the checkpoint folder", os.fsencode(directory))
    _set_counts(options, commit_every=commit_every, leave_every=leave_every)
    _set_intervals(options, commit_interval=commit_interval, leave_interval=leave_interval)
    if keep_generations is not None:
        options.keep_generations = _whole("keep_generations", keep_generations, "a number", 2**31)
    if vacate_signal is not None:
        options.vacate_signal = _whole("vacate_signal", vacate_signal, "a signal's number", 65)
    if not isinstance(leave, str) or leave not in _LEAVE:
        raise CairnError("leave is %r, and may be one of %s" % (leave, ", ".join(_LEAVE)))
    options.leave = _LEAVE[leave]
    if compression_level is not None:
        options.compression_level = _whole("compression_level", compression_level, "0 to 19", 20)
    pairs = _identity(identity or {}, identify_arguments)
    options.identity = pairs
    options.identity_count = len(pairs)
    options.identify_arguments = 0  # those of the interpreter: ours are among the pairs
    return Session(library, options)


def _whole(name, value, meaning, end):
    """`value` as an int below `end`; NumPy's are welcome, True is not meant."""
    try:
        number = operator.index(value)
    except TypeError:
        number = -1
    if isinstance(value, bool) or not 0 <= number < end:
        raise CairnError("%s is %r, and must be %s" % (name, value, meaning))
    return number


def _set_counts(options, **counts):
    for name, count in counts.items():
        if count is not None:
            setattr(options, name, _whole(name, count, "a number of safe points", 2**63))


def _set_intervals(options, **intervals):
    for name, seconds in intervals.items():
        if seconds is None:
            continue
        try:
            fits = not isinstance(seconds, (bool, str)) and 0 <= seconds < 1e15
        except TypeError:
            fits = False
        if not fits:
            raise CairnError("%s is %r, and must be a number of seconds" % (name, seconds))
        # What is not quite never must not become never.
        setattr(options, name + "_ms", max(1, round(seconds * 1000)) if seconds else 0)


def _bytes(what, text):
    """`text` for C, where a zero would silently end it."""
    try:
        encoded = text if type(text) is bytes else text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        encoded = b"\0"
    if b"\0" in encoded:
        raise CairnError("%s is %r, which holds a character that no name may hold" % (what, text))
    return encoded


def _identity(extra, identify_arguments):
    chosen = {}
    if identify_arguments:
        chosen["program"] = os.path.basename(sys.argv[0])
        chosen["arguments"] = " ".join(map(shlex.quote, sys.argv[1:]))
    if not isinstance(extra, dict):
        raise CairnError("identity is a %s, and must be a dict" % type(extra).__name__)
    for key, value in extra.items():
        if type(key) is not str or type(value) not in (str, int, float, bool):
            raise UnsupportedValueError(
                "identity[%r] is %r; keys are text, values text or numbers" % (key, value)
            )
        chosen[key] = str(value)
    encoded = [
        (_bytes("a key of identity", key), _bytes("identity[%r]" % key, value))
        for key, value in chosen.items()
    ]
    return (_library.Pair * len(encoded))(*encoded)


# Those of this process.  A forked child must not answer its parent's signals, nor write its lines.
_sessions = weakref.WeakSet()


def _forget_sessions():
    for session in list(_sessions):
        session._forget()
    _sessions.clear()


os.register_at_fork(after_in_child=_forget_sessions)


class Session:
    """Made by cairn.open(); a context manager.

    protect() and append() first, then restore(), then the work with safe_point() or loop().
    Not thread-safe: while a safe point saves, no other thread may change what is protected.
    """

    def __init__(self, library, options):
        self._library = library
        self._handle = None
        self._exit_code = 0  # once it is closed
        self._busy = False  # libcairn runs
        self._broken = None  # why the state can no longer be trusted
        self._raised = None  # what a callback raised
        self._held = []  # what the callbacks of the running call must keep alive
        self._kept = []  # callbacks live as long as the session
        self._files = []
        self._regions = 0
        self._objects = []  # what is restored in place
        self._loops = set()
        self._left = []  # loops left early, and not yet known why
        self._applied = 0  # regions, by the restore that runs
        self._error = _library.Error()
        self._next = ctypes.c_int()
        handle = ctypes.c_void_p()
        if library.cairn_session_open(byref(options), byref(handle), byref(self._error)):
            raise _library.to_exception(self._error)
        self._handle = handle
        # If SIGINT asks to leave, libcairn handles it and Python never sees it.
        self._interrupts = _Interrupts(options.vacate_signal != signal.SIGINT)
        self._vacate_signal = options.vacate_signal
        _sessions.add(self)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        try:
            self.close()
        except (CairnError, OSError):
            if kind is None:  # else it is the same trouble again, such as a full disk
                raise

    def close(self):
        """Closes the appended files and gives the folder back.  Saves nothing."""
        if self._handle is None:
            return
        if self._busy:
            raise MisuseError(_BUSY)
        self._exit_code = self.exit_code
        handle, self._handle = self._handle, None
        try:
            for file in self._files:
                file.close()
        finally:
            self._loops.clear()
            self._library.cairn_session_close(handle)
            self._interrupts.close()

    def _forget(self):
        """In a forked child: the session is its parent's."""
        if self._handle is None:
            return
        self._handle = None
        for file in self._files:
            file._forget()
        self._interrupts.close()
        if self._vacate_signal:  # libcairn's handler would only note it: terminate() would hang
            handler = signal.getsignal(self._vacate_signal)
            signal.signal(self._vacate_signal, signal.SIG_DFL if handler is None else handler)

    # ---- protecting

    def protect(self, name=None, value=None, /, **attributes):
        """Adds to the state that every checkpoint holds.

        state = session.protect(i=0, field=array) returns a namespace: what its attributes hold at
        a safe point is saved, so they may be rebound.  session.protect("field", array) protects an
        object that changes in place, and returns it.

        Arrays (array.array, NumPy), lists, dicts, sets, bytearrays and random generators are
        restored in place.  Arrays keep their element type and shape.
        """
        if name is None:
            return self._protect_attributes(attributes)
        if attributes:
            raise MisuseError("protect() takes a name and an object, or attributes, not both")
        if not isinstance(name, str):
            raise MisuseError(
                "protect() was given a %s without a name" % type(name).__name__,
                "write protect(name=object)",
            )
        if isinstance(value, (type(None), bool, int, float, complex, str, bytes, tuple, frozenset)):
            raise UnsupportedValueError(
                "%s is a %s, which cannot be restored in place" % (name, type(value).__name__),
                "write state = session.protect(%s=...) and use state.%s, or give %s"
                % (name, name, _IN_PLACE),
            )
        self._protect_one(name, lambda: value, lambda restored: None)
        return value

    def _protect_attributes(self, attributes):
        # A class of its own: a misspelt attribute is an AttributeError, and reading is fast.
        try:
            state = type("State", (), {"__slots__": tuple(attributes)})()
        except TypeError as error:
            raise MisuseError("protect(): %s" % error) from None
        for name, value in attributes.items():
            setattr(state, name, value)
        for name in attributes:
            self._protect_one(
                name,
                lambda name=name: getattr(state, name),
                lambda value, name=name: setattr(state, name, value),
            )
        return state

    def _protect_one(self, name, get, put):
        for other, object_ in self._objects:
            if _regions.is_shared(object_, get()):
                raise UnsupportedValueError(
                    "%s and %s are the same memory, and a restart would make them two or mix them"
                    % (other, name),
                    "protect it once, or give each a copy of its own",
                )
        region = _regions.make_region(name, get, put)
        described = _library.Object(
            ctypes.sizeof(_library.Object),
            None,
            _library.View(self._viewing(region)),
            _library.Stage(self._staging(region)),
            _library.Notify(self._notifying(region.apply)),
            _library.Notify(self._notifying(region.abandon)),
        )
        self._kept.append((region, described))
        self._call(
            self._library.cairn_protect_object, _bytes("a name", name), byref(region.type), byref(described)
        )
        self._regions += 1
        self._objects.append((name, get()))

    def append(self, path, encoding="utf-8"):
        """Protects a text file that the program appends to, and returns it.

        Call it before restore(); write after.  restore() cuts the file back to what it was at the
        checkpoint, so that no line is there twice, and opens it.  It is flushed at each checkpoint
        and closed with the session.
        """
        try:
            codecs.lookup(encoding)
        except LookupError:
            raise CairnError("append(): there is no encoding %r" % encoding, "use utf-8") from None
        file = AppendedFile(path, encoding)
        flush = _library.Flush(self._flushing(file))
        self._kept.append((file, flush))
        self._call(self._library.cairn_protect_file, _bytes("a file's name", os.fsencode(path)), flush, None)
        self._files.append(file)
        return file

    # ---- restoring and saving

    def restore(self):
        """Fills what is protected from the newest checkpoint that verifies: all of it or nothing.

        Returns (generation, skipped); generation is 0 on a first start.
        Raises CorruptError, MismatchError, CairnError.
        """
        generation = ctypes.c_uint64()
        self._applied = 0
        try:
            self._call(self._library.cairn_restore, byref(generation))
        finally:
            # A signal handler may raise before the first line of a callback.
            if generation.value and self._applied != self._regions:
                self._broken = self._broken or "the state was restored only in part"
        if self._broken:
            raise MisuseError(self._broken, "open the session again")
        self._objects.clear()  # one that is rebound later must not stay alive
        for file in self._files:
            file._open()
        skipped = tuple(self._skipped())
        for each in skipped:
            message = "a damaged checkpoint was passed over: %s" % each
            warnings.warn(message, CairnWarning, stacklevel=2)
        return Restored(generation.value, skipped)

    def _skipped(self):
        for number in range(self._library.cairn_skipped_count(self._handle)):
            error = _library.Error()
            self._library.cairn_skipped(self._handle, number, byref(error))
            yield _library.to_exception(error)

    def safe_point(self):
        """The place in the work loop where the protected objects agree with each other.

        Saves if that is due.  Raises CheckpointExit if the program shall end now: let it pass.
        Raises CairnError if the checkpoint cannot be written; the last one is still good.
        """
        self._call(self._library.cairn_safe_point, byref(self._next))
        if self._next.value == _library.LEAVE:
            raise CheckpointExit(self.exit_code)

    def checkpoint(self):
        """Saves now.  Returns the number of the generation."""
        generation = ctypes.c_uint64()
        self._call(self._library.cairn_checkpoint, byref(generation))
        return generation.value

    def loop(self, numbers, name="iteration", *, may_extend=False):
        """for i in session.loop(range(first, last)): counts, and goes on where the checkpoint was
        made.

        Passes a safe point after each iteration, which may raise CheckpointExit.  A checkpoint of
        another range is refused; may_extend accepts one that ended earlier.  Loops that follow
        each other or are nested need names.
        One left by break or return is finished; one left by an exception keeps its place as long as
        that is being handled.
        """
        first, last = _bounds(numbers)
        self._settle(begins=True)
        loop, flags = ctypes.c_void_p(), _library.MAY_EXTEND if may_extend else 0
        self._call(
            self._library.cairn_loop_begin, _bytes("a loop's name", name), first, last, flags, byref(loop)
        )
        self._loops.add(loop.value)
        return self._iterate(loop, sys.exc_info()[1])

    def _iterate(self, loop, before):
        number = ctypes.c_int64()
        try:
            while self._run(self._library.cairn_loop_next, loop, byref(number)):
                if self._raised is not None:
                    self._check(_library.OK)
                yield number.value
        except BaseException:
            # Finished by break or return?  Not if an exception ended it, and then its place must
            # stay for `except KeyboardInterrupt: session.checkpoint()`.  The next call will know.
            self._left.append((loop, before))
            raise
        self._check(self._end(loop))
        if self._library.cairn_leaving(self._handle):
            raise CheckpointExit(self.exit_code)

    def _settle(self, begins=False):
        """Ends the loops that were left, but for those whose exception is being handled."""
        raised = sys.exc_info()[1]
        staying = []
        while self._left:
            loop, before = self._left.pop(0)
            if begins or raised is None or raised is before:
                self._end(loop)
            else:
                staying.append((loop, before))
        self._left = staying

    def _end(self, loop):
        if loop.value not in self._loops:  # the session was closed, and ended it
            return _library.OK
        self._loops.discard(loop.value)
        return self._library.cairn_loop_end(loop, byref(self._error))

    @property
    def exit_code(self):
        """0, or the checkpoint exit code if the last safe point said leave."""
        if self._handle is None:
            return self._exit_code
        return self._library.cairn_exit_code(self._handle)

    @property
    def vacate_requested(self):
        """Whether the vacate signal has come.  The next safe point saves and leaves."""
        return bool(self._library.cairn_vacate_requested(self._handle))

    def progress(self, fraction):
        """How much of the work is done, 0 to 1, for who watches.  A loop says it by itself."""
        self._library.cairn_progress(self._handle, fraction)

    # ---- calls and callbacks

    def _call(self, call, *arguments):
        self._check(self._run(call, self._handle, *arguments, byref(self._error)))

    def _run(self, call, *arguments):
        if self._handle is None:
            raise MisuseError("the session is closed, or was opened by the parent of this process")
        if self._broken:
            raise MisuseError(self._broken, "open the session again")
        if self._busy:  # a signal handler, or another thread
            raise MisuseError(_BUSY, "use it from one thread, and not from signal handlers")
        unraisable = sys.unraisablehook
        try:
            self._busy = True
            sys.unraisablehook = lambda what: self._note(what, unraisable)
            # Here, since what a signal handler raises inside a callback may be lost.
            for file in self._files:
                file.flush()
            if self._left:
                self._settle()
            self._raised = None
            self._interrupts.hold()
            return call(*arguments)
        finally:
            self._busy = False
            sys.unraisablehook = unraisable
            self._held.clear()
            self._interrupts.release()

    def _check(self, code):
        raised, self._raised = self._raised, None
        if raised is not None:
            raise raised
        if code:
            raise _library.to_exception(self._error)

    def _note(self, what, otherwise):
        """What a signal handler raised before the first line of a callback: ctypes cannot pass it on."""
        if "ctypes callback" not in (what.err_msg or "") or what.exc_value is None:
            otherwise(what)
        elif self._raised is None:
            self._raised = what.exc_value

    def _guard(self, body):
        """Runs the body of a callback.  What it raises waits until libcairn has returned."""
        try:
            body()
            return _library.OK
        except BaseException as error:
            if self._raised is None:
                self._raised = error
            return _library.CALLBACK

    def _viewing(self, region):
        def view(_, data, size, error):
            def body():
                self._flush_output()
                address, count, owner = region.view()
                self._held.append(owner)
                data[0], size[0] = address, count

            return self._guard(body)

        return view

    def _staging(self, region):
        return lambda _, data, size, error: self._guard(lambda: region.stage(data, size))

    def _notifying(self, action):
        def notify(_):
            if self._guard(action) == _library.OK:
                self._applied += 1
            else:
                self._broken = "the state was restored only in part: %s" % self._raised

        return notify

    def _flushing(self, file):
        return lambda _, error: self._guard(lambda: (self._flush_output(), file.flush()))

    def _flush_output(self):
        """What was printed before a checkpoint is not printed again after it."""
        if not self._held:
            for stream in (sys.stdout, sys.stderr):
                if stream is not None and not stream.closed:
                    stream.flush()


def _bounds(numbers):
    """first and last of a range that counts by one."""
    if not isinstance(numbers, range):
        raise UnsupportedValueError(
            "loop() takes a range, not a %s" % type(numbers).__name__,
            "loop over range(len(items)) and take items[i]",
        )
    if numbers.step != 1:
        raise UnsupportedValueError(
            "loop() counts by one, not by %d" % numbers.step,
            "loop over range(%d) and compute %d + %d * i"
            % (len(numbers), numbers.start, numbers.step),
        )
    first, last = numbers.start, max(numbers.start, numbers.stop)
    if not -(2**63) <= first <= last < 2**63:
        raise UnsupportedValueError("loop() counts with 64 bits, and %r needs more" % numbers)
    return first, last


class AppendedFile(io.TextIOBase):
    """A text file opened for appending by restore()."""

    def __init__(self, path, encoding):
        self.name = os.fspath(path)
        self._wanted = encoding
        self._file = None
        self._foreign = False

    def _open(self):
        # Opened at once: a file that is to be transferred must be there, be it empty.
        try:
            self._file = io.open(self.name, "a", encoding=self._wanted, newline="")
        except OSError as error:
            raise make_error(
                "io",
                "open %s: %s" % (self.name, error.strerror),
                "its folder must exist and be writable",
                error.errno,
            ) from None

    def _forget(self):
        """In a forked child: what the buffer holds is written by the parent."""
        if self._file is not None and not self._file.closed:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._file.fileno(), inheritable=False)
            os.close(nowhere)
            self._foreign = True

    def _opened(self):
        if self._foreign:
            raise MisuseError(
                "%s was opened by the parent of this process" % self.name,
                "return the results to the parent and write them there",
            )
        if self._file is None:
            raise MisuseError(
                "%s is not open before restore()" % self.name,
                "restore() may have to cut it back; write to it afterwards",
            )
        return self._file

    @property
    def encoding(self):
        return self._wanted

    def writable(self):
        return True

    def write(self, text):
        return self._opened().write(text)

    def tell(self):
        return self._opened().tell()

    def fileno(self):
        return self._opened().fileno()

    def flush(self):
        if self._file is None or self.closed:
            return
        try:
            self._file.flush()
        except OSError as error:
            code = "no_space" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "io"
            message = "write %s: %s" % (self.name, error.strerror)
            raise make_error(code, message, "what was committed before is intact", error.errno) from None

    def close(self):
        try:
            super().close()  # flushes
        except CairnError:
            with contextlib.suppress(OSError):
                self._file.close()
            raise
        if self._file is not None:
            self._file.close()


class _Interrupts:
    """Holds Ctrl-C back while libcairn runs.

    Python would raise KeyboardInterrupt inside a callback, where nobody can catch it, and half of a
    checkpoint would look whole.  The handler that was there stays in charge: it is only called
    after the callbacks.  One handler for the whole session, since setting it costs system calls.
    """

    def __init__(self, wanted):
        self._main = threading.main_thread().ident
        self._holding = False
        self._noted = None
        before = signal.getsignal(signal.SIGINT) if wanted else None
        self._before = before if callable(before) else None
        if self._before is not None:
            try:
                signal.signal(signal.SIGINT, self._handle)
            except ValueError:  # this is not the main thread, and nobody may set it here
                self._before = None

    def _handle(self, *arguments):
        if self._holding:
            self._noted = arguments
        else:
            self._before(*arguments)

    def hold(self):
        # Only the main thread is ever interrupted.
        if threading.get_ident() == self._main:
            self._holding = True

    def release(self):
        """Delivers what came meanwhile."""
        if not self._holding:
            return
        self._holding = False
        noted, self._noted = self._noted, None
        if noted:
            self._before(*noted)

    def close(self):
        if self._before is not None and signal.getsignal(signal.SIGINT) == self._handle:
            try:
                signal.signal(signal.SIGINT, self._before)
            except ValueError:  # closed in another thread: the handler goes on and calls the old one
                pass
