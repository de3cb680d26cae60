#!/bin/sh
# How fast are put, get and the import of a tree, against cp of the same bytes in the same run?
#
#   sh bench/put_get.sh [RUNS] [MIB] [DIR]      default: 5 runs, a file of 1024 MiB, /usr/share/doc
#
# Starts one master and four nodes on loopback from build/release, on the filesystem of $TMPDIR, and ends them. Each run
# does every measurement once, one after the other, so that a machine whose speed drifts drifts for all of them. A put
# returns when two nodes have the bytes synced; cp is measured as it is (cp) and with a sync of its file (cp+sync). Prints the median,
# minimum and maximum of each, and of the ratio to cp+sync (for what writes) or cp (for what reads).
set -eu
cd "$(dirname "$0")/.."
runs=${1:-5}
mib=${2:-1024}
tree=${3:-/usr/share/doc}
base=18400
. bench/swarm.sh
serve master "$base" --master
for node in 1 2 3 4; do serve "node$node" "$((base + node))" --quota 100G --set "node.host=machine$node"; done
"$bin/fsdfs" wait --nodes 4 --timeout 60s >/dev/null

# timed NAME COMMAND...: one line "NAME SECONDS" for the summary.
timed() {
  name=$1
  shift
  begin=$(now)
  "$@" >/dev/null 2>"$place/error" || { cat "$place/error" >&2; exit 1; }
  echo "$name $(now) $begin" | awk '{ printf "%s %.4f\n", $1, $2 - $3 }' >>"$place/times"
}
cp_synced() { cp "$1" "$2" && sync "$2"; }
cp_tree_synced() { cp -r "$1" "$2" && sync -f "$2"; }

# Random bytes: nothing on the way may profit from their order. Read once, so that every reader finds it in memory.
head -c "$((mib * 1048576))" /dev/urandom >"$place/file"
cat "$place/file" >/dev/null
mkdir "$place/source"
(cd "$tree" && find . -type f -print0 | tar --null -T - -cf -) | (cd "$place/source" && tar xf -)
files=$(find "$place/source" -type f | wc -l)
tree_mib=$(du -sm --apparent-size "$place/source" | cut -f1)

run=0
while [ "$run" -lt "$runs" ]; do
  run=$((run + 1))
  timed cp cp "$place/file" "$place/copy"
  rm "$place/copy"
  timed cp+sync cp_synced "$place/file" "$place/copy"
  timed put "$bin/fsdfs" put "$place/file" "/file$run"
  # The third copy is made meanwhile: let the swarm come to rest, then read.
  "$bin/fsdfs" wait --min-surplus 0 --timeout 300s >/dev/null
  timed get "$bin/fsdfs" get "/file$run" "$place/back"
  cmp -s "$place/file" "$place/back" || { echo "bench: what came back is not what went in" >&2; exit 1; }
  rm "$place/copy" "$place/back"
  timed tree-cp cp -r "$place/source" "$place/copy"
  rm -r "$place/copy"
  timed tree-cp+sync cp_tree_synced "$place/source" "$place/copy"
  rm -r "$place/copy"
  timed tree-put "$bin/fsdfs" put -r "$place/source" "/tree$run"
  "$bin/fsdfs" wait --min-surplus 0 --timeout 300s >/dev/null
  timed tree-get "$bin/fsdfs" get -r "/tree$run" "$place/copy"
  rm -r "$place/copy"
  "$bin/fsdfs" rm -r "/tree$run" "/file$run"
done

echo "$(nproc) cores, $(awk '/MemTotal/ { printf "%d GiB", $2 / 1048576 + 0.5 }' /proc/meminfo), $(stat -f -c %T "$place") on ${TMPDIR:-/tmp}; $runs runs"
echo "one file of $mib MiB; a tree of $files files, $tree_mib MiB; 1 master and 4 nodes on loopback, TLS, N = 3, W = 2"
awk -v mib="$mib" -v files="$files" -v tree_mib="$tree_mib" '
  function sorted(list, n,   i, j, t) {
    for (i = 2; i <= n; ++i)
      for (j = i; j > 1 && list[j - 1] > list[j]; --j) { t = list[j]; list[j] = list[j - 1]; list[j - 1] = t }
  }
  function spread(list, n, format) {
    sorted(list, n)
    return sprintf(format " (" format " to " format ")", list[int((n + 1) / 2)], list[1], list[n])
  }
  { times[$1, ++count[$1]] = $2 }
  END {
    split("cp cp+sync put get tree-cp tree-cp+sync tree-put tree-get", names, " ")
    against["put"] = "cp+sync"; against["get"] = "cp"; against["tree-put"] = "tree-cp+sync"; against["tree-get"] = "tree-cp"
    for (k = 1; k in names; ++k) {
      name = names[k]; n = count[name]; work = name ~ /^tree/ ? tree_mib : mib
      for (i = 1; i <= n; ++i) { mibs[i] = work / times[name, i]; rate[i] = files / times[name, i] }
      line = sprintf("%-13s %s MiB/s", name, spread(mibs, n, "%.1f"))
      if (name ~ /^tree/) line = line sprintf(", %s files/s", spread(rate, n, "%.0f"))
      if (name in against) {
        for (i = 1; i <= n; ++i) ratio[i] = times[against[name], i] / times[name, i]
        line = line sprintf(", %s of %s", spread(ratio, n, "%.3f"), against[name])
      }
      print line
    }
  }' "$place/times"
