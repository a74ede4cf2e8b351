#!/bin/sh
# find_package.sh PREFIX SCRATCH: a C++ and a C project find the CMake package and run.
set -eu
here=$(dirname "$0") prefix=$1 scratch=$2
rm -rf "$scratch"
for language in cxx c; do
  build=$scratch/$language
  mkdir -p "$build"
  cmake -S "$here/$language" -B "$build" -DCMAKE_PREFIX_PATH="$prefix" > "$build/configure.log"
  cmake --build "$build" > "$build/build.log" || { cat "$build/build.log"; exit 1; }
  (cd "$build" && ./count && ./count) > "$build/output"
  printf 'generation 0, count 1\ngeneration 1, count 2\n' | diff - "$build/output"
done
