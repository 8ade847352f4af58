#!/usr/bin/env bash
# Builds the web console and the server side by side and puts the binary at var/bin/xindeng.
#   scripts/build.sh             development profile; the binary reads web-console/dist where it lies
#   scripts/build.sh --release   optimised, at var/release/xindeng, with the web console inside
# shellcheck source=scripts/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

case ${1:-} in
  --release) profile=release built=release/xindeng output=$VAR/release ;;
  '') profile=dev built=debug/xindeng output=$VAR/bin ;;
  *) die "usage: scripts/build.sh [--release]" ;;
esac
choose_rust

scripts/web.sh &
web=$!
trap 'kill "$web" 2>/dev/null || true' EXIT
wait_for_web() {
  wait "$web" || { trap - EXIT; die "the web console did not build"; }
  trap - EXIT
}
if [ "$profile" = release ]; then
  wait_for_web
  # files that are new in the folder do not make cargo look again by themselves
  if [ web-console/dist/index.html -nt "$output/xindeng" ]; then touch -c backend/server/src/platform/assets.rs; fi
fi

# Unchanged source is not even shown to cargo, which would wait for whatever else builds in the cache.
inputs=$(fingerprint backend migrations scales .sqlx Cargo.toml Cargo.lock rust-toolchain.toml scripts/build.sh)
[ "$profile" = dev ] || inputs+=$(fingerprint web-console/dist)
if [ -x "$output/xindeng" ] && is_fresh "server-$profile" "$inputs"; then
  [ "$profile" = release ] || wait_for_web
  exit 0
fi

# cargo's own lines, thinned: every 25th crate, ours, errors
progress() {
  local line count=0
  while IFS= read -r line; do
    case $line in
      *"Compiling "*"($ROOT"*) line=${line#*Compiling }; say "compiling ${line%% (*}" ;;
      *"Compiling "*) count=$((count + 1)); [ $((count % 25)) -ne 0 ] || say "compiling, $count crates so far" ;;
    esac
  done
}

# Clones share the cache and so the path of the finished binary: build and take our copy under one lock.
mkdir -p "$output" "$CARGO_TARGET_DIR"
exec 9>"$CARGO_TARGET_DIR/xindeng.lock"
if ! flock -n 9; then say "another clone is building; waiting"; flock 9; fi
say "building the server ($profile)"
cargo build --locked --profile "$profile" --package xindeng 2>&1 </dev/null | tee "$LOGS/build.log" | progress ||
  { show_tail "$LOGS/build.log" 60; die "the server did not build ($LOGS/build.log)"; }
if ! cmp -s "$CARGO_TARGET_DIR/$built" "$output/xindeng"; then
  cp --reflink=auto "$CARGO_TARGET_DIR/$built" "$output/xindeng.new"
  mv -f "$output/xindeng.new" "$output/xindeng"
fi
mark_fresh "server-$profile" "$inputs"
exec 9>&-
[ "$profile" = release ] || wait_for_web
