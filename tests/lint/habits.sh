#!/bin/sh
# The habits of this code base that a machine can see. Run by ctest; prints each breach as FILE:LINE: and ends with
# exit code 1 if there was one.
#
#   sh tests/lint/habits.sh [ROOT]     ROOT: the tree to look at; default: the one this script is in
set -u
root=${1:-$(cd "$(dirname "$0")/../.." && pwd)}
cd "$root" || exit 2

breaches=$(mktemp) || exit 2
trap 'rm -f "$breaches"' EXIT

# What is looked at: our own text, without what was built.
files() {
  find . -type d \( -name .git -o -name build -o -name .cache -o -name third_party \) -prune -o \
    -type f \( "$@" \) -print | sed 's#^\./##' | sort
}
code() { files -name '*.cc' -o -name '*.h'; }
text() {
  files -name '*.cc' -o -name '*.h' -o -name '*.proto' -o -name '*.sh' -o -name '*.py' -o -name '*.md' -o \
    -name '*.cmake' -o -name 'CMakeLists.txt' -o -name '*.yaml' -o -path './.ci/*'
}

# Anna is the person of the examples.
without_examples() { grep -v '/ho''me/anna'; }

# breach WHY: the matches on stdin, as grep prints them, are breaches.
breach() {
  sed "s#\$#    <- $1#" >>"$breaches"
}

# find_in WHY PATTERN: searches the files named on stdin.
find_in() {
  xargs -r grep -nIE -- "$2" /dev/null | without_examples | breach "$1"
}

# Words are put together here, so that this file does not breach its own rules.
unfinished='TO''DO|FIX''ME|XX''X'
machine='(^|[^A-Za-z0-9_.])/(ho''me|ro''ot|wo''rk)/'

text | find_in "finish it, or write an issue" "(^|[^A-Za-z])($unfinished)([^A-Za-z]|\$)"
text | find_in "a path of one machine" "$machine"
code | find_in "tabs" "$(printf '\t')"
text | find_in "space at the end of the line" ' +$'

# A wait polls a condition with a deadline, and tests/harness/wait.h is how.
code | grep -E '^(tests|bench)/' | grep -v '^tests/harness/wait\.h$' |
  find_in "no sleeps in tests: use tests/harness/wait.h" '(sleep_for|sleep_until|[^a-z_]usleep|nanosleep) *\('

# Layers (DESIGN 12): includes go downward only.
layer() {
  code | grep -E "^$1/" | find_in "$1 may only use: $2" \
    "^#include \"($(echo "$all_layers" | tr ' ' '\n' | grep -vxE "$(echo "$2" | tr ' ' '|')" | paste -sd '|'))/"
}
all_layers="common master node client fuse daemon tests bench"
layer common "common"
layer master "common master"
layer node "common node"
layer client "common client"
layer fuse "common client fuse"
layer daemon "common master node client fuse daemon"

# One place for each library that others must not see.
only_in() {
  code | grep -vE "^($1)" | find_in "only in $1" "$2"
}
only_in 'common/sqlite/' '#include <sqlite3\.h>'
only_in 'common/config/|master/policy/rules_file\.cc' '#include <yaml-cpp/'
only_in 'daemon/fsdfs_policy\.cc' '#include <(pybind11/|Python\.h)'
only_in 'common/log\.cc' '#include <spdlog/'
only_in 'fuse/libfuse\.h' '#include <fuse(_lowlevel)?(3/[a-z_]*)?\.h>'
only_in 'fuse/adapter\.cc|tests/fault/disk_server\.cc' '^[^/]*fuse_req_t'
only_in 'common/security/|common/rpc/|tests/' '#include <openssl/'

# The cores are free of gRPC; those that decide are free of the wire's messages as well.
free_of() {
  for core in $3; do
    code | grep -E "^$core/" | find_in "$core is free of $1" "$2"
  done
}
free_of gRPC '#include (<grpc|".*\.grpc\.pb\.h")' "common/concurrency common/config common/io common/sqlite
  fuse master/namespace master/policy master/registry master/scheduler master/store node/store"
free_of "the wire's messages" '#include ["<].*\.pb\.h[">]' "common/concurrency common/config common/io common/sqlite
  fuse master/namespace master/policy master/registry master/scheduler"

# Headers are contracts: they open with a comment, and are read once.
for header in $(files -name '*.h'); do
  head -n 1 "$header" | grep -q '^//' || echo "$header:1: $(head -n 1 "$header")" | breach "open with a contract"
  grep -q '^#pragma once$' "$header" || echo "$header:1: no #pragma once" | breach "read once"
done

# One subject a file.
for file in $(code); do
  lines=$(wc -l <"$file")
  [ "$lines" -le 600 ] || echo "$file:$lines: $lines lines" | breach "one subject a file: 600 lines at most"
done

if [ -s "$breaches" ]; then
  cat "$breaches"
  echo "$(wc -l <"$breaches") breaches of habits"
  exit 1
fi
echo "no breaches of habits in $(text | wc -l) files"
