#!/bin/sh
# Proves that habits.sh finds what it is for: each breach is planted in a tree of its own and has to be found.
set -u
habits=$(cd "$(dirname "$0")" && pwd)/habits.sh
tree=$(mktemp -d) || exit 2
trap 'rm -rf "$tree"' EXIT
failed=0

# expect 0|1 FILE CONTENT: what habits.sh says of a tree with this file alone.
expect() {
  rm -rf "${tree:?}/tree"
  mkdir -p "$tree/tree/$(dirname "$2")"
  # shellcheck disable=SC2059 # the content is a format
  printf "$3" >"$tree/tree/$2"
  sh "$habits" "$tree/tree" >"$tree/out" 2>&1
  code=$?
  [ "$code" -eq "$1" ] && return
  echo "expected $1, got $code for $2: $3"
  cat "$tree/out"
  failed=1
}

h='// A contract.\n#pragma once\n'
expect 0 common/a.h "$h"
expect 0 fuse/a.cc '#include "client/types.h"\n#include "common/status.h"\n'
expect 0 tests/harness/wait.h "${h}std::this_thread::sleep_for(x);\n"
expect 0 docs/a.md 'See a/home/b.\n'

expect 1 common/a.h '#pragma once\n'
expect 1 common/a.h '// A contract.\n'
expect 1 common/a.cc '// TO''DO: later\n'
expect 1 docs/a.md 'FIX''ME\n'
expect 1 docs/a.md 'in /ho''me/me/x\n'
expect 1 common/a.cc 'int x; \n'
expect 1 common/a.cc '\tint x;\n'
expect 1 tests/unit/a_test.cc 'std::this_thread::sleep_for(x);\n'
expect 1 bench/a.cc '  usleep(5);\n'
expect 1 common/a.cc '#include "master/a.h"\n'
expect 1 master/a.cc '#include "node/a.h"\n'
expect 1 node/a.cc '#include "client/a.h"\n'
expect 1 client/a.cc '#include "fuse/a.h"\n'
expect 1 fuse/a.cc '#include "master/a.h"\n'
expect 1 daemon/a.cc '#include "tests/a.h"\n'
expect 1 master/a.cc '#include <sqlite3.h>\n'
expect 1 node/a.cc '#include <yaml-cpp/yaml.h>\n'
expect 1 node/a.cc '#include <spdlog/spdlog.h>\n'
expect 1 fuse/a.cc '#include <fuse_lowlevel.h>\n'
expect 1 fuse/a.cc 'void f(fuse_req_t request);\n'
expect 1 client/a.cc '#include <openssl/ssl.h>\n'
expect 1 master/scheduler/a.cc '#include <grpcpp/grpcpp.h>\n'
expect 1 master/store/a.cc '#include "fsdfs/registry.grpc.pb.h"\n'
expect 1 fuse/a.cc '#include "fsdfs/types.pb.h"\n'
expect 0 master/store/a.cc '#include "fsdfs/types.pb.h"\n'
expect 1 common/a.cc "$(yes 'int x;' | head -n 601)\n"

[ "$failed" -eq 0 ] && echo "every breach is found"
exit "$failed"
