#!/usr/bin/env bash
# Server and web console with reload: pages from Vite on 127.0.0.1:5173, the server rebuilt and restarted when its
# source changes. Same data folder as `make run`.
# shellcheck source=scripts/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

scripts/setup.sh
scripts/build.sh
choose_node
choose_rust
data_dir=$(scripts/data-dir.sh)
export XINDENG_LISTEN=${XINDENG_LISTEN:-127.0.0.1:8080}
export XINDENG_API=http://$XINDENG_LISTEN

server=
start_server() {
  "$VAR/bin/xindeng" serve --demo --data-dir "$data_dir" --listen "$XINDENG_LISTEN" ${XINDENG_ADMIN:+--admin "$XINDENG_ADMIN"} </dev/null &
  server=$!
}
stop_server() { if kill -TERM "$server" 2>/dev/null; then wait "$server" || true; fi; }
source_state() { find backend scales migrations Cargo.lock -type f -printf '%T@ %p\n' | cksum; }

npm --prefix web-console run dev &
web=$!
trap 'kill "$web" 2>/dev/null || true; stop_server' EXIT
trap 'exit 130' INT TERM

start_server
built_from=$(source_state)
while sleep 1; do
  now=$(source_state)
  [ "$now" != "$built_from" ] || continue
  built_from=$now
  say "source changed, building"
  if scripts/build.sh; then stop_server; start_server; fi
done
