"""A session: one process's use of a checkpoint folder, from open to exit."""

import ctypes
import io
import os
import shlex
import signal
import sys
import threading
import warnings
from collections import namedtuple
from ctypes import byref

from cairn import _library, _regions
from cairn._errors import CairnError, CairnWarning, CheckpointExit, MisuseError
from cairn._errors import UnsupportedValueError

# What restore() found: the generation's number, 0 on a first start, and a CairnError for each
# newer one that failed verification.
Restored = namedtuple("Restored", "generation skipped")

_LEAVE = {"when_promised": 0, "always": 1, "never": 2}
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
    options.directory = os.fsencode(directory)
    _set_counts(options, commit_every=commit_every, leave_every=leave_every)
    _set_intervals(options, commit_interval=commit_interval, leave_interval=leave_interval)
    if keep_generations is not None:
        options.keep_generations = keep_generations
    if vacate_signal is not None:
        options.vacate_signal = int(vacate_signal)
    if leave not in _LEAVE:
        raise CairnError("leave is %r, and may be one of %s" % (leave, ", ".join(_LEAVE)))
    options.leave = _LEAVE[leave]
    if compression_level is not None:
        options.compression_level = compression_level
    pairs = _identity(identity or {}, identify_arguments)
    options.identity = pairs
    options.identity_count = len(pairs)
    options.identify_arguments = 0  # those of the interpreter: ours are among the pairs
    return Session(library, options)


def _set_counts(options, **counts):
    for name, count in counts.items():
        if count is None:
            continue
        if type(count) is not int or count < 0:
            raise CairnError("%s is %r, and must be a number of safe points" % (name, count))
        setattr(options, name, count)


def _set_intervals(options, **intervals):
    for name, seconds in intervals.items():
        if seconds is None:
            continue
        if not 0 <= seconds < 1e15:
            raise CairnError("%s is %r, and must be a number of seconds" % (name, seconds))
        # What is not quite never must not become never.
        setattr(options, name + "_ms", max(1, round(seconds * 1000)) if seconds else 0)


def _identity(extra, identify_arguments):
    chosen = {}
    if identify_arguments:
        chosen["program"] = os.path.basename(sys.argv[0])
        chosen["arguments"] = " ".join(map(shlex.quote, sys.argv[1:]))
    for key, value in extra.items():
        if type(key) is not str or type(value) not in (str, int, float, bool):
            raise UnsupportedValueError(
                "identity[%r] is %r; keys are text, values text or numbers" % (key, value)
            )
        chosen[key] = str(value)
    encoded = [
        (key.encode("utf-8", "surrogateescape"), value.encode("utf-8", "surrogateescape"))
        for key, value in chosen.items()
    ]
    return (_library.Pair * len(encoded))(*encoded)


class Session:
    """Made by cairn.open(); a context manager.

    protect() and append() first, then restore(), then the work with safe_point() or loop().
    Not thread-safe: while a safe point saves, no other thread may change what is protected.
    """

    def __init__(self, library, options):
        self._library = library
        self._handle = None
        self._broken = None  # why the state can no longer be trusted
        self._raised = None  # what a callback raised
        self._held = []  # what the callbacks of the running call must keep alive
        self._kept = []  # callbacks live as long as the session
        self._files = []
        self._loops = set()
        self._error = _library.Error()
        self._next = ctypes.c_int()
        handle = ctypes.c_void_p()
        if library.cairn_session_open(byref(options), byref(handle), byref(self._error)):
            raise _library.to_exception(self._error)
        self._handle = handle
        # If SIGINT asks to leave, libcairn handles it and Python never sees it.
        self._interrupts = _Interrupts(options.vacate_signal != signal.SIGINT)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.close()

    def close(self):
        """Closes the appended files and gives the folder back.  Saves nothing."""
        if self._handle is None:
            return
        handle, self._handle = self._handle, None
        try:
            for file in self._files:
                file.close()
        finally:
            self._loops.clear()
            self._library.cairn_session_close(handle)
            self._interrupts.close()

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
            self._library.cairn_protect_object, name.encode(), byref(region.type), byref(described)
        )

    def append(self, path, encoding="utf-8"):
        """Protects a text file that the program appends to, and returns it.

        Call it before restore(); write after.  restore() cuts the file back to what it was at the
        checkpoint, so that no line is there twice, and opens it.  It is flushed at each checkpoint
        and closed with the session.
        """
        file = AppendedFile(path, encoding)
        flush = _library.Flush(self._flushing(file))
        self._kept.append((file, flush))
        self._call(self._library.cairn_protect_file, os.fsencode(path), flush, None)
        self._files.append(file)
        return file

    # ---- restoring and saving

    def restore(self):
        """Fills what is protected from the newest checkpoint that verifies: all of it or nothing.

        Returns (generation, skipped); generation is 0 on a first start.
        Raises CorruptError, MismatchError, CairnError.
        """
        generation = ctypes.c_uint64()
        self._call(self._library.cairn_restore, byref(generation))
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
        """
        first, last = _bounds(numbers)
        loop, flags = ctypes.c_void_p(), _library.MAY_EXTEND if may_extend else 0
        self._call(
            self._library.cairn_loop_begin, name.encode(), first, last, flags, byref(loop)
        )
        self._loops.add(loop.value)
        return self._iterate(loop)

    def _iterate(self, loop):
        number = ctypes.c_int64()
        try:
            while self._run(self._library.cairn_loop_next, loop, byref(number)):
                yield number.value
        except BaseException:
            self._end(loop)
            raise
        self._check(self._end(loop))
        if self._library.cairn_leaving(self._handle):
            raise CheckpointExit(self.exit_code)

    def _end(self, loop):
        if loop.value not in self._loops:  # the session was closed, and ended it
            return _library.OK
        self._loops.discard(loop.value)
        return self._library.cairn_loop_end(loop, byref(self._error))

    @property
    def exit_code(self):
        """0, or the checkpoint exit code if the last safe point said leave."""
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
            raise MisuseError("the session is closed")
        if self._broken:
            raise MisuseError(self._broken, "open the session again")
        self._raised = None
        self._interrupts.hold()
        try:
            return call(*arguments)
        finally:
            self._held.clear()
            self._interrupts.release()

    def _check(self, code):
        raised, self._raised = self._raised, None
        if raised is not None:
            raise raised
        if code:
            raise _library.to_exception(self._error)

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
            if self._guard(action) != _library.OK:
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

    def _open(self):
        # Opened at once: a file that is to be transferred must be there, be it empty.
        self._file = io.open(self.name, "a", encoding=self._wanted, newline="")

    def _opened(self):
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
        if self._file is not None and not self.closed:
            self._file.flush()

    def close(self):
        try:
            super().close()  # flushes
        finally:
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
