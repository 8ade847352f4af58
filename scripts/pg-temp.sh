#!/usr/bin/env bash
# A throwaway Postgres in memory, without durability: for tests and for scripts/db-prepare.sh only.
#   scripts/pg-temp.sh run COMMAND…   start, run the command with XINDENG_TEST_PG set to its URL, stop, remove
# A cluster whose script died is removed by the next run.
# shellcheck source=scripts/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

bin=$(postgres_bin) || die "Postgres is not on this machine: run scripts/setup.sh"
if [ -d /dev/shm ] && [ -w /dev/shm ]; then base=/dev/shm; else base=${TMPDIR:-/tmp}; fi

# Postgres refuses to run as root: there the cluster belongs to the user the system package made for it.
if [ "$(id -u)" -eq 0 ]; then
  id postgres >/dev/null 2>&1 || die "no user 'postgres' on this machine: install the system's postgresql package"
  as_owner() { (cd / && setpriv --reuid=postgres --regid=postgres --init-groups env HOME=/ "$@"); }
else
  as_owner() { (cd / && "$@"); }
fi

stop() { # FOLDER
  as_owner "$bin/pg_ctl" -D "$1/data" -m immediate -w -t 10 stop >/dev/null 2>&1 || true
  rm -rf -- "$1"
}

remove_orphans() {
  local folder
  for folder in "$base"/xindeng-pg-*; do
    [ -d "$folder" ] || continue
    kill -0 "${folder##*-}" 2>/dev/null || stop "$folder"
  done
}

start() { # FOLDER: named by the process that will remove it
  local folder=$1 log=$LOGS/pg-temp.log
  mkdir -m 0700 "$folder"
  [ "$(id -u)" -ne 0 ] || chown postgres "$folder"
  as_owner "$bin/initdb" -D "$folder/data" -U postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync >"$log" 2>&1 ||
    { show_tail "$log"; die "initdb failed"; }
  cat >>"$folder/data/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$folder'
max_connections = 300
shared_buffers = 128MB
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 512MB
autovacuum = off
jit = off
CONF
  as_owner "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -w -t 30 start >>"$log" 2>&1 ||
    { cat "$folder/log" >>"$log" 2>/dev/null || true; show_tail "$log"; die "the temporary Postgres did not start"; }
}

if [ "${1:-}" != run ] || [ $# -lt 2 ]; then die "usage: scripts/pg-temp.sh run COMMAND…"; fi
shift
remove_orphans
folder=$base/xindeng-pg-$$
trap 'stop "$folder"' EXIT
trap 'exit 130' INT TERM
start "$folder"
export XINDENG_TEST_PG="postgres://postgres@localhost/postgres?host=$folder"
export PATH="$bin:$PATH"
"$@"
