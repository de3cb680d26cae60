#!/bin/sh
# Installs with apt what building, testing and the demo need, and only what is missing.
#
#   sh deploy/install-deps.sh            install what is missing, as root or through sudo
#   sh deploy/install-deps.sh --list     print the names of all packages, one a line
#   sh deploy/install-deps.sh --check    install nothing; exit code 1 and the names when something is missing
#
# For Debian 12 and 13, a minimal one included. Asks no questions.
set -eu

build="g++ cmake ninja-build ccache mold pkgconf
  libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc
  libsqlite3-dev libyaml-cpp-dev libfuse3-dev libspdlog-dev libfmt-dev libcli11-dev nlohmann-json3-dev
  libsodium-dev libxxhash-dev libssl-dev python3-dev pybind11-dev"
tests="libgtest-dev libgmock-dev faketime e2fsprogs mount"
run="fuse3"

all() {
  for package in $build $tests $run; do
    echo "$package"
  done
}

missing() {
  for package in $(all); do
    state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || echo "$package"
  done
}

fail() {
  echo "install-deps: $*" >&2
  exit 1
}

case "${1:-}" in
  --list) all; exit 0 ;;
  --check) ;;
  "") ;;
  *) echo "usage: sh deploy/install-deps.sh [--list | --check]" >&2; exit 2 ;;
esac

if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg-query >/dev/null 2>&1; then
  system=$(sed -n 's/^PRETTY_NAME=//p' /etc/os-release 2>/dev/null | tr -d '"' || true)
  fail "this needs Debian 12 or 13 (apt-get and dpkg); here is ${system:-an unknown system}." \
    "Install what these packages hold by other means: $(all | tr '\n' ' ')"
fi

wanted=$(missing | tr '\n' ' ')
if [ -z "$wanted" ]; then
  echo "install-deps: every package that is needed is installed"
  exit 0
fi
if [ "${1:-}" = --check ]; then
  fail "missing: $wanted"
fi

as_root=
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null 2>&1 ||
    fail "missing: $wanted. Run this as root, or install sudo: it may not install packages as $(id -un)"
  as_root=sudo
fi

echo "install-deps: installing $wanted"
# A lock held by another apt is waited for. Environment variables do not pass through sudo by themselves.
apt() {
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" </dev/null
}
apt update || fail "apt-get update failed (see above): check the network and /etc/apt/sources.list"
# shellcheck disable=SC2086 # a list of words
apt install -y --no-install-recommends $wanted ||
  fail "apt-get could not install the packages (see above)"

left=$(missing | tr '\n' ' ')
[ -z "$left" ] || fail "apt-get ended well, and yet these are missing: $left"
echo "install-deps: done"
