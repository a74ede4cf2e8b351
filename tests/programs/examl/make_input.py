"""An alignment of 20 sequences that have evolved along a random tree, and a starting tree that knows nothing of it."""
import random
import subprocess

random.seed(3)
LENGTH = 1000


def evolve(sequence, count):
    changed = [random.choice("ACGT") if random.random() < 0.12 else base for base in sequence]
    if count == 1:
        return [changed]
    left = random.randint(1, count - 1)
    return evolve(changed, left) + evolve(changed, count - left)


rows = evolve([random.choice("ACGT") for _ in range(LENGTH)], 20)
random.shuffle(rows)
with open("seqs.phy", "w", encoding="ascii") as out:
    out.write(f"{len(rows)} {LENGTH}\n" + "".join(f"s{i} {''.join(row)}\n" for i, row in enumerate(rows)))
tree = "(s0,s1)"
for i in range(2, len(rows) - 1):
    tree = f"({tree},s{i})"
with open("start.tree", "w", encoding="ascii") as out:
    out.write(f"({tree[1:-1]},s{len(rows) - 1});\n")
subprocess.run(["parse-examl", "-s", "seqs.phy", "-m", "DNA", "-n", "seqs"], check=True, stdout=subprocess.DEVNULL)
