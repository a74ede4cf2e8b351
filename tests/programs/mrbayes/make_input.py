"""An alignment: a random sequence that evolves along a balanced tree.  The same each time."""
import random

random.seed(5)
leaves = ["".join(random.choices("ACGT", k=200))]
while len(leaves) < 16:
    leaves = ["".join(random.choice("ACGT") if random.random() < rate else base for base in parent)
              for parent in leaves for rate in (random.uniform(0.02, 0.3), random.uniform(0.02, 0.3))]
with open("alignment.nex", "w") as out:
    print("#NEXUS\nbegin data;\ndimensions ntax=16 nchar=200;\nformat datatype=dna gap=-;\nmatrix", file=out)
    for number, leaf in enumerate(leaves):
        print(f"taxon{number:<8}", leaf, file=out)
    print(";\nend;", file=out)
