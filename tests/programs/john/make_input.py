"""500 words, the same each time."""
import random

random.seed(11)
syllables = [first + second for first in "bdfgklmnprst" for second in "aeiou"]
words = {"".join(random.choices(syllables, k=random.choice((2, 3)))) for _ in range(600)}
with open("words.txt", "w") as out:
    print(*sorted(words)[:500], sep="\n", file=out)
