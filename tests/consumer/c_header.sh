#!/bin/sh
# c_header.sh INCLUDE: cairn.h is strict C99 and any C++, and needs no other header before it.
set -eu
source='#include <cairn/cairn.h>'
for compiler in gcc clang; do
  command -v "$compiler" > /dev/null || continue
  for standard in c99 c11 c17; do
    echo "$source" | "$compiler" -std=$standard -Wall -Wextra -Wstrict-prototypes -pedantic -Werror \
      -fsyntax-only -I "$1" -x c -
  done
  for standard in c++11 c++20; do
    echo "$source" | "$compiler" -std=$standard -Wall -Wextra -pedantic -Werror \
      -fsyntax-only -I "$1" -x c++ -
  done
done
