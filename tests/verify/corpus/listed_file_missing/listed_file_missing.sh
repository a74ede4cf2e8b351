#!/bin/bash
# Flaw: best.txt is in transfer_checkpoint_files, but at the first checkpoints there is no best yet.
set -euo pipefail
steps=$1 step=0 value=7

save() {
  printf '%s\n' "$1" "$(printf '%s' "$1" | cksum)" >"$2.tmp" && sync "$2.tmp" && mv "$2.tmp" "$2" && sync .
}
if [ -f state.txt ]; then
  { read -r state && read -r sum; } <state.txt || { echo "state.txt is cut off" >&2; exit 1; }
  [ "$sum" = "$(printf '%s' "$state" | cksum)" ] || { echo "state.txt is damaged" >&2; exit 1; }
  read -r step value <<<"$state"
else
  echo "no state.txt: starting from zero" >&2
fi

while [ "$step" -lt "$steps" ]; do
  for ((i = 0; i < 300; i++)); do value=$(((value * 1103515245 + 12345) % 2147483648)); done
  step=$((step + 1))
  if [ "$step" = 35 ]; then save "$value" best.txt; fi
  if [ $((step % 10)) = 0 ] && [ "$step" -lt "$steps" ]; then
    save "$step $value" state.txt || { echo "cannot write state.txt" >&2; exit 1; }
    exit 77
  fi
done
{ echo "$value"; head -1 best.txt; } >results.tmp && mv results.tmp results.csv ||
  { echo "cannot write results.csv" >&2; exit 1; }
