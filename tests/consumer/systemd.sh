#!/bin/sh
# systemd.sh BUILD SCRATCH: the unit that is installed is one that systemd takes.
set -eu
build=$1 scratch=$2
rm -rf "$scratch"
mkdir -p "$scratch"
cmake --install "$build" --prefix "$scratch" --component Unspecified > "$scratch/install.log"
unit=$scratch/share/systemd/user/cairn-engine.service
start=$(sed -n 's/^ExecStart=//p' "$unit")
test "$start" = "$scratch/bin/cairn engine --foreground --idle-exit never"
test -x "$scratch/bin/cairn"
# The options are ones that the program knows.
CAIRN_HOME=$scratch/home "$scratch/bin/cairn" engine --idle-exit never --help > "$scratch/help"
if command -v systemd-analyze > /dev/null; then
  said=$(XDG_RUNTIME_DIR=$scratch systemd-analyze --user verify "$unit" 2>&1) || { echo "$said"; exit 1; }
  case $said in *cairn-engine*) echo "$said"; exit 1 ;; esac
else
  for section in Unit Service Install; do grep -qx "\[$section\]" "$unit"; done
  if grep -Ev '^(#.*|\[[A-Z][a-z]+\]|[A-Z][A-Za-z]+=.+|)$' "$unit"; then exit 1; fi
fi
