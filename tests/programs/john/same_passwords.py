"""same_passwords.py FOLDER FOLDER: whether the same passwords were found in both, each once, in whatever order."""
import pathlib
import sys


def found(folder):
    lines = next(pathlib.Path(folder).rglob("john.pot")).read_text().splitlines()
    if len(lines) != len(set(lines)):
        sys.exit(f"{folder}: a password is there twice")
    return set(lines)


one, other = map(found, sys.argv[1:3])
if one != other or not one:
    sys.exit(f"missing: {sorted(one - other)}; besides: {sorted(other - one)}")
