#!/bin/sh
# pkg_config.sh PREFIX SCRATCH: a C99 program with a plain Makefile.
set -eu
here=$(dirname "$0") prefix=$1 scratch=$2
rm -rf "$scratch"
mkdir -p "$scratch"
cp "$here/make/Makefile" "$here/c/count.c" "$scratch"
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name cairn.pc)")
export PKG_CONFIG_PATH
env -u MAKEFLAGS -u MAKELEVEL make -C "$scratch" > "$scratch/build.log"
LD_LIBRARY_PATH=$(pkg-config --variable=libdir cairn)
export LD_LIBRARY_PATH
(cd "$scratch" && ./count && ./count) > "$scratch/output"
printf 'generation 0, count 1\ngeneration 1, count 2\n' | diff - "$scratch/output"
