#!/bin/sh
# Installs what is missing, builds, and runs every test. The last line says how it went:
#
#   N passed, N failed[, N skipped]
#
#   sh tests/run.sh           what a change has to pass
#   sh tests/run.sh --long    with the long runs
#
# Three builds: release runs everything; asan (AddressSanitizer and UndefinedBehaviorSanitizer) all but the tests
# with many processes, of which it runs a few; tsan (ThreadSanitizer) what does not go through gRPC, whose library
# is not built for it. Exit code 0 only if something ran and nothing failed.
set -u
cd "$(dirname "$0")/.." || exit 1

long=no
case "${1:-}" in
  --long) long=yes ;;
  "") ;;
  *) echo "usage: sh tests/run.sh [--long]" >&2; exit 2 ;;
esac

# Test programs of the tsan build: those with threads.
tsan_targets="base_test concurrency_test io_test sqlite_test master_core_test node_store_test fuse_test
  fuse_mount_test"
# A test has one label, as KIND, KIND-long or long.
# Kinds of tests with a swarm of processes, which mostly wait: two at a time, on however many cores.
swarms='^(swarm|fault)'
# What of them the asan build runs as well, by name.
asan_swarms='^Scenarios[.](Basic|RestartOfEveryProcessKeepsEverything)$'
# Kinds that only the release build runs:
release_only='^(swarm|fault|bench|lint)'
# What is left out without --long:
left_out='long$'
[ "$long" = no ] || left_out='^nothing$'

jobs=$(nproc 2>/dev/null || echo 2)
passed=0
failed=0
skipped=0

finish() {
  result="$passed passed, $failed failed"
  [ "$skipped" -eq 0 ] || result="$result, $skipped skipped"
  echo "$result"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ] && exit 0
  exit 1
}

# What ends a run before its tests counts as a failure.
give_up() {
  echo "FAILED: $*" >&2
  failed=$((failed + 1))
  finish
}

# build PRESET [TARGET...]
build() {
  preset=$1
  shift
  echo "== building $preset"
  cmake --preset "$preset" >"build/$preset.configure.log" 2>&1 ||
    { cat "build/$preset.configure.log" >&2; give_up "cmake --preset $preset"; }
  # shellcheck disable=SC2086 # a list of words
  cmake --build "build/$preset" --parallel "$jobs" ${1:+--target "$@"} || give_up "building $preset"
}

# What the summary of a JUnit file says of its tests in ATTRIBUTE; 0 when it says nothing.
count() {
  number=$(sed -n "/<testsuite /,/>/s/.*[[:space:]]$2=\"\([0-9]*\)\".*/\1/p" "$1" 2>/dev/null | head -n 1)
  echo "${number:-0}"
}

# run BUILD NAME CTEST-ARGUMENT...: one run of ctest, added to the sums.
run() {
  report="build/$1/report-$2.xml"
  directory=build/$1
  echo "== testing $1: $2"
  shift 2
  rm -f "$report"
  # Of each test one line, its output only if it failed.
  {
    ctest --test-dir "$directory" --parallel "$jobs" --output-on-failure --no-tests=error \
      --output-junit "$PWD/$report" "$@" 2>&1
    echo $? >"$report.exit"
  } | sed '/^ *Start *[0-9]*: /d'
  code=$(cat "$report.exit")
  rm -f "$report.exit"
  all=$(count "$report" tests)
  bad=$(count "$report" failures)
  left=$(($(count "$report" skipped) + $(count "$report" disabled)))
  # ctest knows of failures that are not in its report, such as that there was no test.
  [ "$code" -eq 0 ] || [ "$bad" -gt 0 ] || { all=$((all + 1)); bad=1; }
  passed=$((passed + all - bad - left))
  failed=$((failed + bad))
  skipped=$((skipped + left))
}

sh deploy/install-deps.sh || give_up "installing what is missing"
mkdir -p build

build release
run release units -LE "$swarms|$left_out"
run release swarms -L "$swarms" -LE "$left_out" --parallel 2

build asan
LSAN_OPTIONS="suppressions=$PWD/tests/leaks.supp:print_suppressions=0"
export LSAN_OPTIONS
run asan units -LE "$release_only|$left_out"
run asan swarms -R "$asan_swarms" --parallel 1
unset LSAN_OPTIONS

# shellcheck disable=SC2086 # a list of words
build tsan $tsan_targets
# The other programs are not built there; their tests are placeholders of that name, or call the simulator.
run tsan units -E '_NOT_BUILT$|^sim_seeds' -LE "$release_only|$left_out"

finish
