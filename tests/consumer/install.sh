#!/bin/sh
# install.sh BUILD SCRATCH: installs the library part of BUILD, and moves it elsewhere.
set -eu
build=$1 scratch=$2
rm -rf "$scratch"
mkdir -p "$scratch"
cmake --install "$build" --prefix "$scratch/first" --component library > "$scratch/install.log"
mv "$scratch/first" "$scratch/moved"
