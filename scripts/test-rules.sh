#!/usr/bin/env bash
# The inner loop: the rules' own tests, in seconds. Arguments are name filters.
# shellcheck source=scripts/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

choose_rust
if cargo nextest --version >/dev/null 2>&1; then exec cargo nextest run --package rules --package rules-wasm "$@"; fi
exec cargo test --package rules --package rules-wasm "$@"
