#!/usr/bin/env bash
# The main job: the sweep of sweep.sub, evicted every three seconds, and beside it the
# same program undisturbed.  Exit 0 only if both wrote the same bytes.
#   demo.sh BUILD     BUILD: the build folder, e.g. build/release
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
work=$build/demo
rm -rf "$work" && mkdir -p "$work/undisturbed"
rm -f "$here/results.csv" "$here/sweep.log"  # of the demonstration before
export CAIRN_HOME=$work/home

arguments=$(sed -n 's/^arguments *= *//p' "$here/sweep.sub")
# shellcheck disable=SC2086  # the arguments are words
(cd "$work/undisturbed" && exec "$build/examples/sweep" $arguments) &
undisturbed=$!
trap 'kill "$undisturbed" 2>/dev/null || true' EXIT

"$build/cairn" run "$here/sweep.sub" --fresh --evict-every 3s
wait "$undisturbed"
trap - EXIT

evictions=$(grep -c 'Job was evicted' "$here/sweep.log") || true
if ! cmp "$work/undisturbed/results.csv" "$here/results.csv"; then
  echo "DIFFERENT: $here/results.csv is not what an undisturbed run writes" >&2
  exit 1
fi
if [ "$evictions" -lt 3 ]; then
  echo "the job was evicted only $evictions times: this proves too little" >&2
  exit 1
fi
echo "identical: after $evictions evictions results.csv is byte for byte that of an undisturbed run ($(wc -l <"$here/results.csv") lines)"
