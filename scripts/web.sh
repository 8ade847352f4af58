#!/usr/bin/env bash
# Builds the web console into web-console/dist, if anything it is made from changed. Ends with the size gate.
# shellcheck source=scripts/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

choose_node || die "no suitable Node: run scripts/setup.sh"
scripts/wasm.sh
inputs=$(fingerprint web-console scales)
if [ -s web-console/dist/index.html ] && is_fresh web "$inputs"; then exit 0; fi
say "building the web console"
logged web npm --prefix web-console run build || die "the web console did not build ($LOGS/web.log)"
mark_fresh web "$inputs"
