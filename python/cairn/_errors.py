"""What can go wrong, as exceptions: one sentence each, and what to do about it.

One that nobody catches and that no change of the program mends (a full disk, a folder in use, a
checkpoint of other arguments) ends the program with that sentence and status 1, like a command.  A
mistake in the program keeps its traceback, and so does everything under python3 -X dev.
"""

import sys


class CairnError(Exception):
    """Something failed.  str() is the message and the hint.

    code       why, as a word of cairn.h: "io", "corrupt", "mismatch", "locked", ...
    message    what happened, where and why
    hint       what you can do about it; may be empty
    sys_errno  errno of the system call that failed, 0 if there was none
    """

    code = "invalid"

    def __init__(self, message, hint="", code=None, sys_errno=0):
        super().__init__(message + "; " + hint if hint else message)
        self.message = message
        self.hint = hint
        self.sys_errno = sys_errno
        if code is not None:
            self.code = code


class CorruptError(CairnError):
    """Checkpoints exist and none verifies, or an appended file is not what was written."""

    code = "corrupt"


class MismatchError(CairnError):
    """A good checkpoint, but not for these arguments, names, types or shapes."""

    code = "mismatch"


class LockedError(CairnError):
    """Another process uses the checkpoint folder."""

    code = "locked"


class NoSpaceError(CairnError):
    """The disk is full.  The previous checkpoint is intact."""

    code = "no_space"


class MisuseError(CairnError):
    """The calls came in an order that cannot be meant."""

    code = "misuse"


class UnsupportedValueError(CairnError, TypeError):
    """A value that a checkpoint cannot hold."""

    code = "unsupported"


class CairnWarning(UserWarning):
    """A damaged checkpoint was passed over for an older one."""


class CheckpointExit(SystemExit):
    """A checkpoint is ready, and the program ends so that it can be transferred.

    A SystemExit with the code that asks for a restart: let it pass.
    """


# What the world did, as against what the program did.
_OPERATING = ("io", "corrupt", "not_found", "mismatch", "locked", "no_space")


def _show(kind, error, trace):
    plain = error.__cause__ is None and (error.__context__ is None or error.__suppress_context__)
    if isinstance(error, CairnError) and error.code in _OPERATING and plain:
        print("%s: %s" % (sys.argv[0] or "cairn", error), file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


def _show_sentences():
    """Leaves a hook alone that somebody else has set, and a developer's wish for everything."""
    if sys.excepthook is sys.__excepthook__ and not sys.flags.dev_mode:
        sys.excepthook = _show


_CLASSES = {
    each.code: each
    for each in (CorruptError, MismatchError, LockedError, NoSpaceError, MisuseError)
}


def make_error(code, message, hint, sys_errno):
    """The exception of the class that belongs to `code`."""
    _show_sentences()
    return _CLASSES.get(code, CairnError)(message, hint, code, sys_errno)
