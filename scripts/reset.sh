#!/usr/bin/env bash
# Removes this clone's demo data. Only a folder that the server made, and only while no server runs in it.
# shellcheck source=scripts/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

data_dir=$(scripts/data-dir.sh)
[ -d "$data_dir" ] || { say "nothing to remove: $data_dir is not there"; exit 0; }
if [ ! -e "$data_dir/root.key" ] || [ ! -d "$data_dir/postgres" ]; then die "$data_dir is not a data folder of Xindeng; nothing removed"; fi
[ -e "$data_dir/demo.json" ] || die "$data_dir holds no demo city; remove it by hand if it is meant to go"
flock -n "$data_dir/lock" true || die "a server is running in $data_dir: stop it first"

# a Postgres that outlived a killed server
pid=$(head -n1 "$data_dir/postgres/postmaster.pid" 2>/dev/null || true)
if [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; then
  kill -INT "$pid"
  for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
fi
rm -rf -- "$data_dir"
say "removed $data_dir"
