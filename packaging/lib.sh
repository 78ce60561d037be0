# Shared by the scripts beside it: what must be installed, how it is built.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export DEBIAN_FRONTEND=noninteractive
# Compilations are remembered across builds, runs and checkouts; the precompiled header of the tests
# needs the sloppiness.
export CCACHE_SLOPPINESS=pch_defines,time_macros
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=true
export CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-5G}

build_packages=(
  g++ cmake ninja-build pkg-config ccache ca-certificates tzdata
  libcli11-dev libcpp-httplib-dev libsqlitecpp-dev libsqlite3-dev nlohmann-json3-dev libfmt-dev
  libboost1.81-dev libsimdjson-dev libssl-dev zlib1g-dev libspdlog-dev libhowardhinnant-date-dev
)
test_packages=(
  doctest-dev librapidcheck-dev clang libclang-rt-14-dev lld clang-format git nodejs npm curl openssl nginx-light sqlite3 bsdutils util-linux procps
  mount faketime lintian rpm fakeroot dpkg-dev file systemd mandoc bash-completion zsh fish
)

say() { printf '\n== %s\n' "$*" >&2; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo -- "$@"
  else
    die "installing packages needs root or sudo: $*"
  fi
}

# need PACKAGE…: installs those that are missing, and asks for nothing when none is.
need() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
      missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return
  # A Node.js that did not come as a package is as good.
  if command -v node >/dev/null && command -v npm >/dev/null; then
    local kept=()
    for package in "${missing[@]}"; do
      case $package in nodejs | npm) ;; *) kept+=("$package") ;; esac
    done
    missing=("${kept[@]}")
    [ ${#missing[@]} = 0 ] && return
  fi
  say "installing ${missing[*]}"
  as_root apt-get update -qq
  as_root apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# use_node_20: puts a Node.js of version 20 or later first in PATH.
use_node_20() {
  local have
  have=$(node --version 2>/dev/null | sed -E 's/^v([0-9]+).*/\1/')
  [ "${have:-0}" -ge 20 ] && return
  local machine cache=${XDG_CACHE_HOME:-$HOME/.cache}/nufi-node
  case $(uname -m) in
    x86_64) machine=x64 ;;
    aarch64) machine=arm64 ;;
    *) die "no Node.js 20 for $(uname -m)" ;;
  esac
  if [ ! -x "$cache/node_modules/node-linux-$machine/bin/node" ]; then
    say "installing Node.js 20 below $cache"
    mkdir -p "$cache"
    npm install --silent --no-audit --no-fund --prefix "$cache" "node-linux-$machine@20"
  fi
  PATH=$cache/node_modules/node-linux-$machine/bin:$PATH
  export PATH
}

# configure DIR OPTION…: a build tree below the repository. It is this script's alone until the end:
# two builds in one tree leave objects behind that do not fit together.
configure() {
  local dir=$root/$1
  shift
  mkdir -p "$dir"
  exec 9>"$dir/.lock"
  flock -n 9 || { say "waiting for another build in $dir"; flock 9; }
  cmake -S "$root" -B "$dir" -G Ninja -DCMAKE_CXX_COMPILER_LAUNCHER=ccache "$@" >/dev/null
}
