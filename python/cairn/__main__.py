"""python3 -m cairn: which package and which library would be used.
python3 -m cairn copy FOLDER: both, as FOLDER/cairn, to be sent along with a job."""

import os
import shutil
import sys

import cairn
from cairn import _library

PACKAGE = os.path.dirname(os.path.abspath(cairn.__file__))


def show():
    print("cairn", cairn.__version__, "in", PACKAGE)
    library = _library.load()
    print("libcairn", library.cairn_version().decode(), "in", _library.path_of(library))


def copy(folder):
    """The package with the library inside, where it is looked for first."""
    target = os.path.join(folder, "cairn")
    library = _library.path_of(_library.load())
    if os.path.realpath(target) == os.path.realpath(PACKAGE):
        return
    shutil.copytree(
        PACKAGE, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.so*")
    )
    shutil.copyfile(library, os.path.join(target, _library.SONAME))


def main(arguments):
    try:
        if not arguments:
            show()
        elif len(arguments) == 2 and arguments[0] == "copy":
            copy(arguments[1])
        else:
            print(__doc__, file=sys.stderr)
            return 2
    except (cairn.CairnError, OSError) as error:
        print("cairn:", error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
