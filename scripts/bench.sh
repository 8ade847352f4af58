#!/usr/bin/env bash
# Measures the optimised server from outside and prints one table with the machine's load beside every part.
#   scripts/bench.sh [--only scoring,memory,live,submit] [--seconds N] [--json FILE]
# shellcheck source=scripts/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

scripts/setup.sh --tests
scripts/build.sh --release
choose_rust
choose_node
say "building what measures it"
logged build-load cargo build --locked --quiet --release --package load --bin bench || die "the benchmark did not build"
chromium=$(chromium_bin) || chromium=
PATH="$(postgres_bin):$PATH" exec "$CARGO_TARGET_DIR/release/bench" --binary "$VAR/release/xindeng" ${chromium:+--chromium "$chromium"} "$@"
