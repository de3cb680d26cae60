#!/bin/sh
# How fast does a node copy a big file from another node, against cp on the same disk, and how many bytes does it move to
# bring an older version up to date?
#
#   sh bench/copy.sh [RUNS] [MIB]     default: 3 runs of one file of 1024 MiB
#
# Starts one master and two nodes on loopback from build/release (or $FSDFS_BIN), on the filesystem of $TMPDIR. Puts the file on
# the first node alone, lets the second one join, and takes from `fsdfs events` how long its copy took, from the order to the
# synced replica. cp copies the same bytes (a replica file of the first node) in the same run, and syncs them. Before each of
# the two everything is synced; the bytes are in the page cache for both. Then 4 KiB of the file change: a third node
# is started before, so that one node that holds the old version is not in the put's chain, and its log says what it pulled.
# Ends what it started.
set -eu
cd "$(dirname "$0")/.."
runs=${1:-3}
mib=${2:-1024}
base=18600
. bench/swarm.sh
settings="--set copies.spare=false --set sync_copies=1 --set node.report_interval=1s --set trash.retention=0s"
# shellcheck disable=SC2086 # a list of words
master() { serve master "$base" --master $settings; }
# shellcheck disable=SC2086 # a list of words
node() { serve "node$1" "$((base + $1))" $settings --quota 100G --set "node.host=machine$1"; }
# Looked for rarely, since looking costs what is measured.
whole() { # N copies of the file there are, within ten minutes
  looks=0
  until [ "$("$bin/fsdfs" stat /big --json | sed -n 's/.*"copies": *\([0-9]*\).*/\1/p' | head -n 1)" = "$1" ]; do
    looks=$((looks + 1))
    [ "$looks" -lt 1200 ] || { echo "bench: /big has not come to $1 copies in ten minutes" >&2; exit 1; }
    sleep 0.5
  done
}
# took N: of the last N copies, the seconds that the longest one took, from its order to the synced replica
took() {
  "$bin/fsdfs" events | sed -n 's/.*copied \/big to .* in \([0-9.e+-]*\) s.*/\1/p' | tail -n "$1" |
    awk '$1 > most { most = $1 } END { print most }'
}
pulled() { # bytes, over all copies that were put together from ranges
  cat "$place"/node*.log | sed -n 's/.* \([0-9]*\) bytes pulled, [0-9]* bytes taken.*/\1/p' | awk '{ sum += $1 } END { printf "%d", sum }'
}

head -c "$((mib * 1048576))" /dev/urandom >"$place/source"
run=0
while [ "$run" -lt "$runs" ]; do
  run=$((run + 1))
  rm -rf "$place/master" "$place"/node*
  master
  node 1
  "$bin/fsdfs" wait --nodes 1 --timeout 60s >/dev/null
  "$bin/fsdfs" put "$place/source" /big >/dev/null
  replica=$(find "$place/node1/replicas" -type f ! -name '*.meta')
  sync

  begin=$(now)
  cp "$replica" "$place/copied"
  sync "$place/copied"
  cp_took=$(echo "$(now) $begin" | awk '{ printf "%.3f", $1 - $2 }')
  rm "$place/copied"
  sync

  node 2
  whole 2
  copy_took=$(took 1)

  node 3
  whole 3
  before=$(pulled)
  head -c 4096 /dev/urandom | dd of="$place/source" bs=4096 seek="$((mib * 256 / 3))" conv=notrunc status=none
  "$bin/fsdfs" put "$place/source" /big >/dev/null
  whole 3
  delta_took=$(took 2)
  moved=$(($(pulled) - before))
  echo "$run $mib $cp_took $copy_took $moved $delta_took" | awk '{
    printf "run %d: %d MiB: cp %.0f MiB/s, node to node %.0f MiB/s (%.2f); 4 KiB changed: %d bytes moved to two nodes, the longer of the two copies took %.2f s\n",
      $1, $2, $2 / $3, $2 / $4, $3 / $4, $5, $6 }'
  stop_all
done
echo "$(nproc) cores, $(awk '/MemTotal/ { printf "%d GiB", $2 / 1048576 + 0.5 }' /proc/meminfo), $(stat -f -c %T "$place") on ${TMPDIR:-/tmp}; 1 master and 3 nodes on loopback, TLS"
