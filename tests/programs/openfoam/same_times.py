"""same_times.py FOLDER FOLDER: whether both have the same times with the same files, bit by bit, in each part of the case.  Each may
have one time more, at which it was ended."""
import pathlib
import re
import sys

EVERY = {"the case": 512}  # writeInterval
wrong = []


def times(folder):
    found, besides = {}, []
    for u in pathlib.Path(folder).rglob("U"):
        if u.parent.name == "0" or "wrap.ckpt" in str(u):
            continue
        part = next((part for part in u.parts if part.startswith("processor")), "the case")
        index = re.search(r"^index +(\d+);", (u.parent / "uniform/time").read_text(), re.M)
        if int(index[1]) % EVERY.get(part, 128):
            besides.append(part)
        else:
            found[part, u.parent.name] = {str(path.relative_to(u.parent)): path.read_bytes() for path in u.parent.rglob("*") if path.is_file()}
    if len(besides) > len(set(besides)):
        wrong.append(f"{folder} has {len(besides)} times more")
    return found


one, other = map(times, sys.argv[1:3])
wrong += [f"{time} differs" for time in sorted(one.keys() | other.keys()) if one.get(time) != other.get(time)]
wrong += [f"{time} is not whole" for time, files in one.items() if not {"U", "p", "phi"} <= files.keys()]
if len(one) < 4 * len({part for part, _ in one}) or not one:
    wrong.append(f"only {sorted(one)}")
sys.exit("; ".join(wrong) or 0)
