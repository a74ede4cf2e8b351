"""Self-checkpointing that is right, and easy.

    import cairn

    with cairn.open("state.ckpt", leave_every=1000) as session:
        state = session.protect(total=0.0)       # attributes may be rebound at will
        results = session.append("results.csv")  # a file the program appends to
        session.restore()                        # fills them, or leaves them on a first start
        for i in session.loop(range(40000)):     # goes on where the checkpoint was made
            state.total += work(i)
            print(i, state.total, file=results)

Killed at any moment and started again, the program ends with the same state and the same file.
This package is ctypes over libcairn's C interface (cairn.h): it needs no compiler, and NumPy only
for NumPy's own objects.
"""

import sys

if sys.version_info < (3, 8):
    raise ImportError(
        "cairn needs Python 3.8 or later, and %s is %s; start the program with a newer one"
        % (sys.executable, sys.version.split()[0])
    )

from cairn._errors import (
    CairnError,
    CairnWarning,
    CheckpointExit,
    CorruptError,
    LockedError,
    MismatchError,
    MisuseError,
    NoSpaceError,
    UnsupportedValueError,
)
from cairn._session import Restored, Session, open

__version__ = "0.1.0"

__all__ = [
    "CairnError",
    "CairnWarning",
    "CheckpointExit",
    "CorruptError",
    "LockedError",
    "MismatchError",
    "MisuseError",
    "NoSpaceError",
    "Restored",
    "Session",
    "UnsupportedValueError",
    "open",
]
