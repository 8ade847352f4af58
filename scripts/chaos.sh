#!/usr/bin/env bash
# Kills the server at random while clients submit screenings and raise alarms, then compares their journals with the
# database. Fails on anything lost or doubled. It uses a server, a database and a folder of its own.
#   scripts/chaos.sh [--kills 30] [--clients 20] [--seed N]
# shellcheck source=scripts/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

scripts/setup.sh
scripts/build.sh
choose_rust
say "building what breaks it"
logged build-load cargo build --locked --quiet --package load --bin chaos || die "chaos did not build"
exec "$CARGO_TARGET_DIR/debug/chaos" --binary "$VAR/bin/xindeng" "$@"
