# What the benches of this directory share: a place of their own, a password, processes that end with them. Sourced, at the
# top of the repository, with `base` set to the first port.
#
# Gives: $bin, $place (removed at the end), serve NAME PORT ARGUMENT... (an fsdfsd in the background, its log at
# $place/NAME.log), $pids, stop_all, now; and FSDFS_JOIN for the master that is to serve on $base.
bin=${FSDFS_BIN:-$PWD/build/release/bin}
[ -x "$bin/fsdfsd" ] || { echo "bench: no $bin/fsdfsd: cmake --preset release && cmake --build --preset release" >&2; exit 1; }

place=$(mktemp -d "${TMPDIR:-/tmp}/fsdfs-bench.XXXXXX")
pids=
stop_all() {
  for pid in $pids; do kill "$pid" 2>/dev/null || true; done
  for pid in $pids; do wait "$pid" 2>/dev/null || true; done
  pids=
}
end() {
  code=$?
  trap - EXIT INT TERM
  stop_all
  rm -rf "$place"
  exit "$code"
}
trap end EXIT
trap 'exit 130' INT TERM

head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$place/password"
chmod 600 "$place/password"
export FSDFS_SWARM_PASSWORD_FILE="$place/password"
export FSDFS_JOIN="127.0.0.1:$base"
serve() {
  name=$1
  port=$2
  shift 2
  "$bin/fsdfsd" --data "$place/$name" --listen "127.0.0.1:$port" "$@" 2>"$place/$name.log" &
  pids="$pids $!"
}
now() { date +%s.%N; }
