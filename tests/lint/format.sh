#!/bin/sh
# All C++ is as clang-format leaves it, by the version that this code is formatted with. Exit code 77: cannot tell here.
set -u
cd "$(dirname "$0")/../.." || exit 2
program=
for candidate in clang-format-14 clang-format; do
  case $("$candidate" --version 2>/dev/null) in *"version 14."*) program=$candidate; break ;; esac
done
if [ -z "$program" ]; then
  echo "SKIPPED: no clang-format 14 here (package clang-format-14); other versions format differently"
  exit 77
fi
find . -type d \( -name .git -o -name build -o -name .cache \) -prune -o -type f \( -name '*.cc' -o -name '*.h' \) -print0 |
  xargs -0 "$program" --dry-run -Werror
