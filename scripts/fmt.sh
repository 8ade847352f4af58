#!/usr/bin/env bash
# Formats Rust and TypeScript.
# shellcheck source=scripts/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

choose_rust
cargo fmt --all
[ ! -x web-console/node_modules/.bin/biome ] || (cd web-console && npx --no-install biome check --write .)
