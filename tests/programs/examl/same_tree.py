"""same_tree.py FOLDER FOLDER: whether both results are the same tree, with log likelihoods that differ by less than 0.1,
which is what ExaML's -e asks for."""
import pathlib
import re
import sys


def splits(text):
    """Each branch as the set of leaves on that side of it on which s0 is not."""
    found, open_groups, leaves = [], [], set()
    for token in re.findall(r"[(),]|:[^,()]+|[^(),:;\s]+", text):
        if token == "(":
            open_groups.append(set())
        elif token == ")":
            group = open_groups.pop()
            found.append(frozenset(group))
            if open_groups:
                open_groups[-1] |= group
        elif token[0] == "s":
            leaves.add(token)
            open_groups[-1].add(token)
    sides = {group if "s0" not in group else frozenset(leaves - group) for group in found}
    return {side for side in sides if 1 < len(side) < len(leaves) - 1}, leaves


folders = [pathlib.Path(name) for name in sys.argv[1:3]]
trees = [splits(next(folder.glob("ExaML_result.*")).read_text()) for folder in folders]
values = [float(next(folder.glob("ExaML_log.*")).read_text().split()[-1]) for folder in folders]
if trees[0] != trees[1] or not trees[0][0]:
    sys.exit("the trees differ")
if abs(values[0] - values[1]) >= 0.1:
    sys.exit(f"the log likelihoods are {values[0]} and {values[1]}")
