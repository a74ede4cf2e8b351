#!/bin/bash
# Right: many small programs; each part's counts are a file of the checkpoint that says of itself that it is whole.
set -uo pipefail
lines=$(wc -l <text.txt)

fail() { echo "$*" >&2; exit 1; }
publish() { sync "$1.tmp" && mv "$1.tmp" "$1" && sync "$(dirname "$1")"; }
whole() { [ -f "$1" ] && [ "$(tail -n 1 "$1")" = "$(sed '$d' "$1" | cksum)" ]; }

[ -d state ] || echo "no folder state: starting from zero" >&2
mkdir -p state && sync . || fail "cannot make the folder state"
for ((part = 0; part * 8 < lines; part++)); do
  file=state/$part.txt
  whole "$file" && continue
  [ -e "$file" ] && echo "$file is damaged: counted again" >&2
  counts=$(tail -n +$((part * 8 + 1)) text.txt | head -n 8 | tr -cs 'a-z' '\n' | sort | uniq -c | awk '{ print $2 "," $1 }')
  { printf '%s\n' "$counts" "$(cksum <<<"$counts")" >"$file.tmp" && publish "$file"; } || fail "cannot write $file"
  exit 77
done
{ for file in state/*.txt; do sed '$d' "$file"; done |
  awk -F, '{ n[$1] += $2 } END { for (word in n) print word "," n[word] }' | sort >"$1.tmp" && publish "$1"; } ||
  fail "cannot write $1"
