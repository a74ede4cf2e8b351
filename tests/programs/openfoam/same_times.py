"""same_times.py FOLDER FOLDER: whether both have the same times with the same files, bit by bit."""
import pathlib
import sys


def times(folder):
    # Here an engine has put the folders of the output beside each other, there they are in the case.
    inner = pathlib.Path(folder) / "cavity"
    at = inner if inner.is_dir() else pathlib.Path(folder)
    return {str(path.relative_to(at)): path.read_bytes() for time in "1234" for path in (at / time).rglob("*") if path.is_file()}


one, other = map(times, sys.argv[1:3])
wrong = [name for name in sorted(one.keys() | other.keys()) if one.get(name) != other.get(name)]
if wrong or not {f"{time}/{field}" for time in "1234" for field in ("U", "p", "phi")} <= one.keys():
    sys.exit(f"not the same: {', '.join(wrong) or sorted(one)}")
