"""A disk of 4 MB, and which places of it cannot be read (ddrescue's --test-mode)."""
import random

random.seed(1)
open("disk.img", "wb").write(random.randbytes(4 << 20))
open("bad.map", "w").write("""0x0 ? 1
0x000000 0x100000 +
0x100000 0x000200 -
0x100200 0x17FE00 +
0x280000 0x001000 -
0x281000 0x17F000 +
""")
