#!/usr/bin/env bash
# Starts the demo city: installs what is missing, builds what changed, runs the server, says when it is ready.
#   XINDENG_LISTEN    where the pages are (127.0.0.1:8080)
#   XINDENG_ADMIN     where the metrics are (a free port)
#   XINDENG_DATA_DIR  where the database lives
# shellcheck source=scripts/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

scripts/setup.sh
choose_node || die "no suitable Node"
scripts/build.sh

data_dir=$(scripts/data-dir.sh)
arguments=(serve --demo --data-dir "$data_dir" --listen "${XINDENG_LISTEN:-127.0.0.1:8080}")
[ -z "${XINDENG_ADMIN:-}" ] || arguments+=(--admin "$XINDENG_ADMIN")

# The server says one line on stdout when it is ready; its log goes to a file.
say "starting the server, data in $data_dir"
log=$LOGS/server.log
ready=$VAR/ready.$$
mkfifo "$ready"
"$VAR/bin/xindeng" "${arguments[@]}" >"$ready" 2>"$log" </dev/null &
server=$!
exec 8<"$ready"
rm -f "$ready"

# Ctrl-C reaches the server too; TERM from elsewhere is passed on. Either way wait until it has stopped cleanly.
stop() { kill -TERM "$server" 2>/dev/null || true; }
trap stop INT TERM EXIT
wait_for_server() {
  local status=0
  while kill -0 "$server" 2>/dev/null; do wait "$server" && status=0 || status=$?; done
  return "$status"
}

if ! IFS= read -r line <&8; then
  wait_for_server || true
  show_tail "$log" 30
  die "the server did not start ($log)"
fi
node scripts/say-ready.mjs "$line" "$data_dir/demo.json" || die "the demo city was not filled in: $data_dir/demo.json cannot be read"
say "ready. Server log: ${log#"$ROOT"/}. Ctrl-C stops."
if wait_for_server; then say "stopped"; else
  status=$?
  show_tail "$log" 30
  die "the server ended with $status ($log)"
fi
