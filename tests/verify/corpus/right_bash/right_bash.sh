#!/bin/bash
# Right: state.txt holds its SHA-256, and comes and goes by mv.
set -uo pipefail
steps=$1 step=0 value=$2

fail() { echo "$*" >&2; exit 1; }
publish() { sync "$1.tmp" && mv "$1.tmp" "$1" && sync .; }

if [ -f state.txt ]; then
  tail -n 1 state.txt | sed 's/$/  -/' >check || fail "cannot write check"
  head -n 1 state.txt | sha256sum --status -c check || fail "state.txt is damaged; remove it to start from zero"
  read -r arguments step value <state.txt
  [ "$arguments" = "$1,$2" ] || fail "state.txt is a checkpoint of the arguments $arguments"
else
  echo "no state.txt: starting from zero" >&2
fi

while [ "$step" -lt "$steps" ]; do
  for ((i = 0; i < 300; i++)); do value=$(((value * 1103515245 + 12345) % 2147483648)); done
  step=$((step + 1))
  if [ $((step % 10)) = 0 ] && [ "$step" -lt "$steps" ]; then
    state="$1,$2 $step $value"
    { printf '%s\n' "$state" "$(sha256sum <<<"$state" | cut -d ' ' -f 1)" >state.txt.tmp && publish state.txt; } ||
      fail "cannot write state.txt"
    exit 77
  fi
done
{ echo "$value" >results.csv.tmp && publish results.csv; } || fail "cannot write results.csv"
