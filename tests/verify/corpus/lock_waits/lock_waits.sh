#!/bin/bash
# Flaw: waits for a lock folder that nobody will remove if its maker was killed: hangs.
set -euo pipefail
steps=$1 step=0 value=7

until mkdir lock 2>/dev/null; do
  [ -e lock ] || { echo "cannot make the folder lock" >&2; exit 1; }
  sleep 0.02
done
trap 'rmdir lock' EXIT

if [ -f state.txt ]; then
  { read -r state && read -r sum; } <state.txt || { echo "state.txt is cut off" >&2; exit 1; }
  [ "$sum" = "$(cksum <<<"$state")" ] || { echo "state.txt is damaged" >&2; exit 1; }
  read -r step value <<<"$state"
else
  echo "no state.txt: starting from zero" >&2
fi
while [ "$step" -lt "$steps" ]; do
  for ((i = 0; i < 300; i++)); do value=$(((value * 1103515245 + 12345) % 2147483648)); done
  step=$((step + 1))
  if [ $((step % 10)) = 0 ] && [ "$step" -lt "$steps" ]; then
    state="$step $value"
    { printf '%s\n' "$state" "$(cksum <<<"$state")" >state.tmp && sync state.tmp && mv state.tmp state.txt && sync .; } ||
      { echo "cannot write state.txt" >&2; exit 1; }
    exit 77
  fi
done
{ echo "$value" >results.tmp && mv results.tmp results.csv; } || { echo "cannot write results.csv" >&2; exit 1; }
