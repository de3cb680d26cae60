#!/bin/sh
# How fast does a swarm make a dead node's copies again, and what do readers feel of it?
#
#   sh bench/repair.sh [RUNS] [FILES] [KIB] [SETTING=VALUE...]     default: 3 runs of 1000 files of 1024 KiB
#
# Starts one master and four nodes on loopback from build/release, on the filesystem of $TMPDIR, puts FILES files with N = 3
# and no spare copies, kills a node with SIGKILL, and measures from the moment the master counts it as dead until
# min(K-N) >= 0. In every other run one client reads files, one after the other, as fast as it can, before and during the
# repair. The settings go to every process. Ends what it started.
set -eu
cd "$(dirname "$0")/.."
runs=${1:-3}
files=${2:-1000}
kib=${3:-1024}
[ $# -le 3 ] && shift $# || shift 3
for setting; do
  set -- "$@" --set "$setting"
  shift
done
base=18500
. bench/swarm.sh
settings="--set copies.spare=false --set node.report_interval=1s --set node.dead_after=4s --set trash.retention=0s"
number() { "$bin/fsdfs" status --json | sed -n "s/.*\"$1\": *\(-\{0,1\}[0-9.]*\).*/\1/p" | head -n 1; }
since() { echo "$(now) $1" | awk '{ printf "%.3f", $1 - $2 }'; }

# What the reader has written to its output so far, in bytes.
bytes_read() { sed -n 's/^wchar: //p' "/proc/$reader/io"; }
# rate BYTES SECONDS: MiB/s
rate() { echo "$1 $2" | awk '{ printf "%.1f", $1 / 1048576 / $2 }'; }

# Random bytes: nothing on the way may profit from their order.
mkdir "$place/source"
i=0
while [ "$i" -lt "$files" ]; do
  head -c "$((kib * 1024))" /dev/urandom >"$place/source/f$i"
  i=$((i + 1))
done
# What the reader reads, again and again: up to 64 MiB or 200 files, spread over all.
sample=$((65536 / kib))
[ "$sample" -le 200 ] || sample=200
[ "$sample" -ge 1 ] || sample=1
[ "$sample" -le "$files" ] || sample=$files
reads=
i=0
while [ "$i" -lt "$sample" ]; do
  reads="$reads /f/f$((i * files / sample))"
  i=$((i + 1))
done

again=0
while [ "$again" -lt 8 ]; do
  reads="$reads $reads"
  again=$((again + 1))
done

run=0
while [ "$run" -lt "$runs" ]; do
  run=$((run + 1))
  rm -rf "$place/master" "$place"/node*
  # shellcheck disable=SC2086 # a list of words
  serve master "$base" --master $settings "$@"
  # shellcheck disable=SC2086 # a list of words
  for node in 1 2 3 4; do serve "node$node" "$((base + node))" $settings --quota 100G --set "node.host=machine$node" "$@"; done
  victim=${pids##* }
  "$bin/fsdfs" wait --nodes 4 --timeout 60s >/dev/null
  "$bin/fsdfs" put "$place/source" /f >/dev/null
  "$bin/fsdfs" wait --min-surplus 0 --timeout 600s >/dev/null
  sync

  # Every other run goes without a reader.
  before=- during=-
  if [ "$((run % 2))" = 0 ]; then
    # shellcheck disable=SC2086 # a list of words
    "$bin/fsdfs" cat $reads >/dev/null 2>"$place/reader.log" &
    reader=$!
    pids="$reader $pids"
    until [ "$(bytes_read)" -gt 1048576 ]; do :; done
    begin=$(now) bytes=$(bytes_read)
    sleep 5
    before=$(rate "$(($(bytes_read) - bytes))" "$(since "$begin")")
  fi

  kill -KILL "$victim"
  held=$(find "$place/node4/replicas" -type f ! -name '*.meta' | wc -l)
  until [ "$(number dead)" = 1 ]; do :; done
  begin=$(now)
  [ "$before" = - ] || bytes=$(bytes_read)
  perf record -o /tmp/perf.data -a -g -F 999 -q -- "$bin/fsdfs" wait --min-surplus 0 --timeout 900s >/dev/null 2>&1
  took=$(since "$begin")
  if [ "$before" != - ]; then
    [ -e "/proc/$reader/io" ] || { echo "bench: the reader ended too early: $(cat "$place/reader.log")" >&2; exit 1; }
    during=$(rate "$(($(bytes_read) - bytes))" "$took")
    kill "$reader"
  fi
  echo "$run $held $kib $took $before $during" | awk '{
    printf "run %d: %d copies of %d KiB in %s s: %.0f a second, %.1f MiB/s", $1, $2, $3, $4, $2 / $4, $2 * $3 / 1024 / $4
    if ($6 != "-") printf "; a reader had %s MiB/s before and %s MiB/s during (%.2f)", $5, $6, $6 / $5
    printf "\n" }'
  stop_all
done
echo "$(nproc) cores, $(awk '/MemTotal/ { printf "%d GiB", $2 / 1048576 + 0.5 }' /proc/meminfo), $(stat -f -c %T "$place") on ${TMPDIR:-/tmp}; 1 master and 4 nodes on loopback, TLS, N = 3${*:+; $*}"
