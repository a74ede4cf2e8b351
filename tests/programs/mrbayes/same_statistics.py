"""same_statistics.py REFERENCE CANDIDATE: whether both are samples of the same distribution, each of them whole.

Exactly: every generation is sampled once, in order, in .p and .t alike; no sample is there again.
  Statistically, without the first quarter: for each parameter the means differ by less than 5 of their
standard errors, which come from the effective sample sizes; so do the frequencies of each split of the trees, and the
splits that the reference has in nearly all trees, or in nearly none, are those of the candidate.
"""
import math
import pathlib
import re
import statistics
import sys

NGEN, EVERY, RUNS = 80000, 100, 2
FAR = 5  # standard errors
wrong = []


def effective_size(values):
    """n / (1 + 2 sum of autocorrelations), as long as pairs of them are positive (Geyer)."""
    n, mean = len(values), statistics.fmean(values)
    centred = [value - mean for value in values]
    variance = sum(value * value for value in centred) / n
    if variance == 0:
        return n
    correlation = [sum(map(lambda a, b: a * b, centred, centred[lag:])) / n / variance for lag in range(n // 2)]
    total = 0
    for lag in range(1, len(correlation) - 1, 2):
        pair = correlation[lag] + correlation[lag + 1]
        if pair < 0:
            break
        total += pair
    return n / (1 + 2 * total)


def mean_and_error(chains):
    """Of the runs together."""
    error = math.sqrt(sum(statistics.pvariance(chain) / effective_size(chain) for chain in chains)) / len(chains)
    return statistics.fmean(value for chain in chains for value in chain), error


def splits(tree):
    """Each inner branch as the set of leaves on that side of it on which leaf 1 is not."""
    found, groups = set(), []
    for token in re.findall(r"[(),]|:[^,()]+|[^(),:;\s]+", tree):
        if token == "(":
            groups.append(set())
        elif token == ")":
            group = groups.pop()
            if groups:
                found.add(frozenset(group))
                groups[-1] |= group
            else:
                leaves = group
        elif token[0] not in ",:":
            groups[-1].add(token)
    sides = {side if "1" not in side else frozenset(leaves - side) for side in found}
    return {side for side in sides if 1 < len(side) < len(leaves) - 1}


class Samples:
    def __init__(self, folder):
        self.chains, self.trees = {}, []
        wanted = [str(generation) for generation in range(0, NGEN + 1, EVERY)]
        for run in range(1, RUNS + 1):
            p, t = (next(pathlib.Path(folder).glob(f"*.run{run}.{kind}")).read_text() for kind in "pt")
            names, *rows = [line.split("\t") for line in p.splitlines()[1:]]
            trees = re.findall(r"tree gen\.(\d+) = \[&U\] (.*;)", t)
            for kind, generations in ("p", [row[0] for row in rows]), ("t", [generation for generation, _ in trees]):
                if generations != wanted:
                    wrong.append(f"{folder}, run {run}: .{kind} has not each generation once: {len(generations)} samples, {len(set(generations))} different")
            values = [tuple(row[1:]) for row in rows]
            if len(set(values)) < len(values):
                wrong.append(f"{folder}, run {run}: {len(values) - len(set(values))} samples are there again")
            burnin = len(rows) // 4
            for column, name in enumerate(names[1:]):
                self.chains.setdefault(name, []).append([float(row[column]) for row in values[burnin:]])
            self.trees.append([splits(tree) for _, tree in trees[burnin:]])

    def has(self, split):
        return [[float(split in tree) for tree in run] for run in self.trees]

    def all_splits(self):
        return {split for run in self.trees for tree in run for split in tree}


one, other = map(Samples, sys.argv[1:3])
worst = 0
if not wrong:
    for name, chains in one.chains.items():
        smallest = min(map(effective_size, chains + other.chains[name]))
        if smallest < 30:
            wrong.append(f"{name}: an effective sample size of {smallest:.0f} says nothing")
        (mean, error), (mean2, error2) = mean_and_error(chains), mean_and_error(other.chains[name])
        far = abs(mean - mean2) / (math.hypot(error, error2) or 1)
        worst = max(worst, far)
        if far > FAR:
            wrong.append(f"{name}: the mean is {mean2:.5g} instead of {mean:.5g}, {far:.1f} standard errors away")
    for split in one.all_splits() | other.all_splits():
        (share, error), (share2, error2) = mean_and_error(one.has(split)), mean_and_error(other.has(split))
        far = abs(share - share2) / (math.hypot(error, error2) or 0.01)
        if far > FAR and abs(share - share2) > 0.05 or (share > 0.9 > 0.5 > share2) or (share < 0.1 < 0.5 < share2):
            wrong.append(f"the split {sorted(split)} is in {share2:.3f} of the trees instead of {share:.3f}")
print("\n".join(wrong) or f"the same statistics; the means are at most {worst:.1f} standard errors apart")
sys.exit(1 if wrong else 0)
