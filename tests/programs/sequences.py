"""Sequences for make_input.py, the same each time."""
import random


def evolved(leaves, bases):
    """A random sequence that evolves along a balanced tree."""
    random.seed(5)
    found = ["".join(random.choices("ACGT", k=bases))]
    while len(found) < leaves:
        found = ["".join(random.choice("ACGT") if random.random() < rate else base for base in parent)
                 for parent in found for rate in (random.uniform(0.02, 0.3), random.uniform(0.02, 0.3))]
    return found


def write_nexus(name, sequences):
    with open(name, "w") as out:
        print(f"#NEXUS\nbegin data;\ndimensions ntax={len(sequences)} nchar={len(sequences[0])};\n"
              "format datatype=dna gap=-;\nmatrix", file=out)
        write_lines(sequences, out)
        print(";\nend;", file=out)


def write_phylip(name, sequences):
    with open(name, "w") as out:
        print(len(sequences), len(sequences[0]), file=out)
        write_lines(sequences, out)


def write_lines(sequences, out):
    for number, sequence in enumerate(sequences):
        print(f"taxon{number:<8}", sequence, file=out)
