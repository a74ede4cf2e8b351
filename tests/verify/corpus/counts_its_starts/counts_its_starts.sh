#!/bin/bash
# Flaw: how often it was started goes into the result.
steps=$1 step=0 value=7 starts=0

if [ -f state.txt ]; then
  { read -r state && read -r sum; } <state.txt || { echo "state.txt is cut off" >&2; exit 1; }
  [ "$sum" = "$(cksum <<<"$state")" ] || { echo "state.txt is damaged" >&2; exit 1; }
  read -r step value starts <<<"$state"
else
  echo "no state.txt: starting from zero" >&2
fi
starts=$((starts + 1))
while [ "$step" -lt "$steps" ]; do
  for ((i = 0; i < 300; i++)); do value=$(((value * 1103515245 + 12345) % 2147483648)); done
  step=$((step + 1))
  if [ $((step % 10)) = 0 ] && [ "$step" -lt "$steps" ] && [ "$2" = --checkpoint ]; then
    state="$step $value $starts"
    { printf '%s\n' "$state" "$(cksum <<<"$state")" >state.tmp && sync state.tmp && mv state.tmp state.txt && sync .; } ||
      { echo "cannot write state.txt" >&2; exit 1; }
    exit 77
  fi
done
{ printf '%s\n' "$value" "part $starts" >results.tmp && mv results.tmp results.csv; } ||
  { echo "cannot write results.csv" >&2; exit 1; }
