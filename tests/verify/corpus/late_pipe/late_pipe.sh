#!/bin/bash
# Flaw: the lines go through a filter in the background, and nobody waits for it before leaving.
set -euo pipefail
steps=$1 step=0 value=7 bytes=0

if [ -f state.txt ]; then
  { read -r state && read -r sum; } <state.txt || { echo "state.txt is cut off" >&2; exit 1; }
  [ "$sum" = "$(cksum <<<"$state")" ] || { echo "state.txt is damaged" >&2; exit 1; }
  read -r step value bytes <<<"$state"
else
  echo "no state.txt: starting from zero" >&2
fi
touch results.csv
truncate -s "$bytes" results.csv
exec 3> >(sleep 0.1; while read -r line; do echo "$line,$((line % 10))"; done >>results.csv)

while [ "$step" -lt "$steps" ]; do
  for ((i = 0; i < 300; i++)); do value=$(((value * 1103515245 + 12345) % 2147483648)); done
  echo "$value" >&3
  step=$((step + 1))
  if [ $((step % 10)) = 0 ] && [ "$step" -lt "$steps" ]; then
    state="$step $value $(stat -c %s results.csv)"
    { printf '%s\n' "$state" "$(cksum <<<"$state")" >state.tmp && sync state.tmp && mv state.tmp state.txt && sync .; } ||
      { echo "cannot write state.txt" >&2; exit 1; }
    exit 77
  fi
done
