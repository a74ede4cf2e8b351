#!/bin/sh
# python.sh PREFIX SCRATCH: the installed package finds the library installed with it.
set -eu
prefix=$1 scratch=$2
rm -rf "$scratch"
mkdir -p "$scratch"
cd "$scratch"
unset CAIRN_LIBRARY
cat > count.py <<'END'
import sys
sys.path.insert(0, sys.argv.pop(1))
import cairn
with cairn.open() as session:
    state = session.protect(count=0)
    generation = session.restore().generation
    state.count += 1
    session.checkpoint()
    print(f"generation {generation}, count {state.count}")
END
# -I: no environment, no user's packages.
for _ in 1 2; do "$CAIRN_PYTHON" -I count.py "$prefix/share/cairn/python"; done > output
printf 'generation 0, count 1\ngeneration 1, count 2\n' | diff - output
PYTHONPATH="$prefix/share/cairn/python" "$CAIRN_PYTHON" -m cairn | grep -q "in $(realpath "$prefix")/lib"
