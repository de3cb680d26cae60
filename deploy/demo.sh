#!/bin/sh
# Shows a whole swarm at work on this machine: installs what is missing, builds, starts one master and four nodes,
# imports a directory, mounts the swarm, kills a node and watches the swarm heal. Checks every file's SHA-256. Fails
# loudly at the first thing that is not so, and cleans up after itself.
#
#   sh deploy/demo.sh [DIR]          DIR: what to import; default: /usr/share/doc
#   sh deploy/demo.sh --keep [DIR]   leave the swarm up, and say how to use it
#   sh deploy/demo.sh --stop [PLACE] end what --keep left (all of it, or the one at PLACE)
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
places=${TMPDIR:-/tmp}

usage() {
  echo "usage: sh deploy/demo.sh [--keep] [DIR]  |  sh deploy/demo.sh --stop [PLACE]" >&2
  exit 2
}

# --- the processes of a demo and their end; PLACE holds all that belongs to it ---

# alive PID PLACE: runs, and is one of that demo's (a number may have come to stand for another process).
alive() {
  { tr '\0' ' ' <"/proc/$1/cmdline"; } 2>/dev/null | grep -qF "$2"
}

# tear_down PLACE: unmounts, ends the servers by their number, removes everything.
tear_down() {
  if grep -qsF " $1/mount " /proc/mounts; then
    umount "$1/mount" 2>/dev/null || fusermount3 -u "$1/mount" 2>/dev/null ||
      umount -l "$1/mount" 2>/dev/null || fusermount3 -u -z "$1/mount" || true
  fi
  pids=$(cat "$1/pids" 2>/dev/null || true)
  for pid in $pids; do
    if alive "$pid" "$1"; then kill -TERM "$pid" 2>/dev/null || true; fi
  done
  waited=0
  for pid in $pids; do
    while alive "$pid" "$1"; do
      if [ "$waited" -ge 100 ]; then # 20 s
        echo "demo: process $pid did not end when it was told to; it is killed" >&2
        kill -KILL "$pid" 2>/dev/null || true
        break
      fi
      waited=$((waited + 1))
      sleep 0.2
    done
  done
  rm -rf "$1"
}

stop_demos() {
  stopped=0
  for place in ${1:-"$places"/fsdfs-demo.*}; do
    [ -f "$place/pids" ] || continue
    tear_down "$place"
    echo "demo: stopped and removed $place"
    stopped=$((stopped + 1))
  done
  [ "$stopped" -gt 0 ] || { echo "demo: there is no demo to stop at ${1:-"$places"}" >&2; exit 1; }
}

keep=no
case "${1:-}" in
  --keep) keep=yes; shift ;;
  --stop)
    [ $# -le 2 ] || usage
    stop_demos "${2:-}"
    exit 0
    ;;
  -*) usage ;;
esac
[ $# -le 1 ] || usage
source=${1:-/usr/share/doc}
[ -d "$source" ] || { echo "demo: $source is not a directory: name one to import" >&2; exit 2; }
source=$(cd "$source" && pwd)

# --- telling what happens ---

step="starting"
say() { echo "   $*"; }
step() {
  step=$*
  echo
  echo "== $*"
}
fail() {
  failed=yes
  echo >&2
  echo "DEMO FAILED while: $step" >&2
  echo "   $*" >&2
  exit 1
}
# must COMMAND...: fails the demo with the command's own words when it fails.
must() {
  "$@" || fail "'$*' ended with code $?"
}

place=
watcher=
failed=no
end() {
  code=$?
  trap - EXIT INT TERM HUP
  [ -z "$watcher" ] || kill "$watcher" 2>/dev/null || true
  if [ -n "$place" ]; then
    if [ "$failed" = yes ]; then
      for log in "$place"/*.log; do
        [ -s "$log" ] || continue
        echo "--- the end of $(basename "$log")" >&2
        tail -n 5 "$log" >&2
      done
    fi
    if [ "$keep" != kept ]; then
      tear_down "$place"
      echo "demo: cleaned up"
    fi
  fi
  exit "$code"
}
trap end EXIT
trap 'echo "demo: interrupted" >&2; exit 130' INT TERM HUP

# --- 1. build ---

step "installing what is missing"
must sh "$top/deploy/install-deps.sh"

step "building (release)"
mkdir -p "$top/build"
(cd "$top" && cmake --preset release >build/release.configure.log 2>&1) ||
  { cat "$top/build/release.configure.log" >&2; fail "cmake --preset release (in $top)"; }
must cmake --build "$top/build/release" --parallel "$(nproc)" --target fsdfsd fsdfs
bin=$top/build/release/bin
fsdfs=$bin/fsdfs

# --- 2. the swarm ---

place=$(mktemp -d "$places/fsdfs-demo.XXXXXX")
chmod 700 "$place"
: >"$place/pids"
mkdir "$place/mount"
head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$place/password"
chmod 600 "$place/password"
export FSDFS_SWARM_PASSWORD_FILE="$place/password"
unset FSDFS_SWARM_PASSWORD || true

# A port that nobody listens on, from $1 on.
free_port() {
  port=$1
  while grep -qsi ":$(printf '%04X' "$port") [0-9A-F]*:0000 0A" /proc/net/tcp /proc/net/tcp6; do
    port=$((port + 1))
  done
  echo "$port"
}

# start NAME FLAGS...: a server of its own, with its data and its log under $place.
start() {
  name=$1
  shift
  port=$(free_port $((port + 1)))
  setsid "$bin/fsdfsd" --listen "127.0.0.1:$port" --data "$place/$name" --set "node.host=$name" \
    --set node.report_interval=500ms --set node.missed_reports=3 --set node.dead_after=3s \
    --set write_reserve=30% "$@" >"$place/$name.log" 2>&1 </dev/null &
  pid=$!
  echo "$pid" >>"$place/pids"
}

bytes=$(du -sb --apparent-size "$source" | cut -f1)
quota=$(((bytes * 13 / 10 / 1048576 + 64) * 1048576))

step "starting a swarm of one master and four nodes, each a process of its own"
say "Quota of each node: $((quota / 1048576)) MiB, for $((bytes / 1048576)) MiB of files that shall have 3 copies."
say "To show in seconds what takes minutes in earnest: nodes report each 500 ms and are dead after 3 s of silence;"
say "30% of the quotas is held free (write_reserve), so that not every file already has a fourth copy."
port=$((20000 + $$ * 13 % 10000))
start master --master
master_pid=$pid
export FSDFS_JOIN="127.0.0.1:$port"
for n in 1 2 3 4; do
  start "node$n" --quota "$quota" --join "$FSDFS_JOIN" --zone "rack$(((n + 1) / 2))"
  eval "node${n}_pid=$pid"
  say "node$n: 127.0.0.1:$port, rack$(((n + 1) / 2)), process $pid"
done
say "master: $FSDFS_JOIN, process $master_pid"
must "$fsdfs" wait --nodes 4 --timeout 60s
must "$fsdfs" nodes

# --- 3. import ---

# look: asks the swarm how it is. field NAME: a number of the answer, or null.
look() {
  status=$("$fsdfs" status --json) || fail "fsdfs status does not answer"
  status=$(echo "$status" | tr -d ' \n')
}
field() {
  # The first of that name is the swarm's own.
  echo "$status" | grep -o "\"$1\":[^,}]*" | head -n 1 | sed 's/^[^:]*://; s/[.].*//'
}
# histogram: "K-N:files" for each K-N that there is.
histogram() {
  echo "$status" | sed -n 's/.*"surplus_histogram":{\([^}]*\)}.*/\1/p' | tr -d '"' | sed 's/,/, /g'
}
# watch_health DEAD: tells how the swarm is each time that it changes, until DEAD nodes are known to be dead and
# min(K-N) is at least 0.
watch_health() {
  last=
  begin=$(date +%s)
  while :; do
    look
    surplus=$(field min_surplus)
    [ -n "$surplus" ] || fail "fsdfs status --json has no min_surplus"
    now="nodes up $(field up), silent $(field silent), dead $(field dead);  min(K-N) = $surplus;  K-N:files $(histogram)"
    took=$(($(date +%s) - begin))
    [ "$now" = "$last" ] || say "$(printf '%3d' "$took") s:  $now"
    last=$now
    case "$(field dead) $surplus" in
      *-* | *null) ;;
      "$1 "*) return 0 ;;
    esac
    [ "$took" -le 600 ] || fail "min(K-N) is still $surplus after ten minutes"
    sleep 0.2
  done
}

# sums DIR FILE: the SHA-256 of every regular file below DIR, by path.
sums() {
  (cd "$1" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum) >"$2"
}
# same_as_original DIR WHERE: compares what is below DIR with the original, file by file.
same_as_original() {
  sums "$1" "$place/sums.copy" || fail "not every file could be read $2"
  if ! cmp -s "$place/sums.original" "$place/sums.copy"; then
    diff "$place/sums.original" "$place/sums.copy" | head -n 10 >&2
    fail "the files $2 are not the original ones (above: < original, > copy)"
  fi
  say "$files of $files files have the SHA-256 of the original, read $2"
}

step "importing $source"
links=$(find "$source" -type l | wc -l)
sums "$source" "$place/sums.original" || fail "not every file below $source can be read: run this as root"
files=$(wc -l <"$place/sums.original")
[ "$files" -gt 0 ] || fail "there is no file below $source"
say "$files files, $((bytes / 1048576)) MiB; $links symbolic links are not files and are left out"
begin=$(date +%s)
# Looks at the swarm meanwhile, for the next step to tell.
(
  while sleep 3; do
    look >/dev/null 2>&1 || exit 0
    printf '%3d s:  K-N:files %s\n' $(($(date +%s) - begin)) "$(histogram)" >>"$place/import.history"
  done
) &
watcher=$!
if [ -t 2 ]; then
  must "$fsdfs" put "$source" /import # with its progress
else
  "$fsdfs" put "$source" /import 2>"$place/put.log" || { cat "$place/put.log" >&2; fail "fsdfs put"; }
fi
kill "$watcher" 2>/dev/null || true
watcher=
took=$(($(date +%s) - begin))
say "imported in $took s: each file was on the disks of two nodes before it counted as put"
look
[ "$(field files)" = "$files" ] || fail "the swarm has $(field files) files and not $files"

step "watching K-N rise until every file has its copies (N = 3)"
if [ -s "$place/import.history" ]; then
  say "while the import ran:"
  lines=$(wc -l <"$place/import.history")
  sed -n "0~$((lines / 12 + 1))s/^/   /p" "$place/import.history"
  say "since then:"
fi
watch_health 0
must "$fsdfs" status

# --- 4. the mount ---

can_mount() {
  [ -c /dev/fuse ] || { why="there is no /dev/fuse here"; return 1; }
  if [ ! -r /dev/fuse ] || [ ! -w /dev/fuse ]; then why="this user may not use /dev/fuse"; return 1; fi
  [ "$(id -u)" -eq 0 ] || command -v fusermount3 >/dev/null || { why="not root, and no fusermount3"; return 1; }
}
step "mounting the swarm and comparing every file"
mounted=no
why=
if can_mount; then
  if "$fsdfs" mount "$place/mount" 2>"$place/mount.log"; then
    mounted=yes
    cat "$place/mount.log"
  elif grep -q 'not permitted' "$place/mount.log"; then
    why="mounting is not permitted here"
  else
    cat "$place/mount.log" >&2
    fail "fsdfs mount $place/mount"
  fi
fi
if [ "$mounted" = yes ]; then
  same_as_original "$place/mount/import" "through the mount"
else
  say "SKIPPED the mount: $why. The files are fetched with 'fsdfs get' instead."
  must "$fsdfs" get /import "$place/fetched"
  same_as_original "$place/fetched" "with fsdfs get"
  rm -rf "$place/fetched"
fi

# --- 5. a dead node ---

# shellcheck disable=SC2154 # set by eval above
step "killing node2 (process $node2_pid) with SIGKILL, and watching the swarm heal"
must kill -KILL "$node2_pid"
watch_health 1
say "every file has 3 copies again, on the three nodes that are left"
must "$fsdfs" get /import "$place/fetched"
same_as_original "$place/fetched" "with fsdfs get, after the loss"
rm -rf "$place/fetched"

step "fsdfs status"
must "$fsdfs" status
step "fsdfs nodes"
must "$fsdfs" nodes
# Of the middle of the list; sha256sum marks a name that it had to escape with a backslash.
# shellcheck disable=SC1003 # no escape is meant
example=$(grep -v '^\\' "$place/sums.original" | sed -n "$((files / 2 + 1))p" | cut -c 67-)
step "fsdfs locate /import/${example#./}"
must "$fsdfs" locate "/import/${example#./}"

# --- 6. the end ---

step="ending"
echo
if [ "$keep" = yes ]; then
  keep=kept
  cat <<EOF
DEMO PASSED. The swarm stays up, in $place. To use it:

   export FSDFS_JOIN=$FSDFS_JOIN FSDFS_SWARM_PASSWORD_FILE=$place/password
   PATH=$bin:\$PATH
   fsdfs status
   fsdfs ls /import
   fsdfs put /etc/os-release /hello && fsdfs cat /hello && fsdfs stat /hello
EOF
  [ "$mounted" = no ] || echo "   ls $place/mount/import"
  cat <<EOF

To end it and remove everything:

   sh $top/deploy/demo.sh --stop $place
EOF
else
  echo "DEMO PASSED: $files files, all as they were, through the loss of a node."
fi
