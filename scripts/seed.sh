#!/usr/bin/env bash
# Fills the demo city into the data folder and stops: starts the server on a free port, waits until it is ready.
# shellcheck source=scripts/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

scripts/setup.sh
scripts/build.sh
data_dir=$(scripts/data-dir.sh)
coproc SERVER { exec "$VAR/bin/xindeng" serve --demo --data-dir "$data_dir" --listen 127.0.0.1:0 2>"$LOGS/seed.log"; }
server=$SERVER_PID
if ! IFS= read -r _ <&"${SERVER[0]}"; then show_tail "$LOGS/seed.log" 30; die "the server did not start"; fi
kill -TERM "$server"
wait "$server" || true
say "the demo city is in $data_dir; logins: $data_dir/demo.json"
