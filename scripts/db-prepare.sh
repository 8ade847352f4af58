#!/usr/bin/env bash
# Writes .sqlx, the answers of a freshly migrated database to every query the code checks at compile time.
#   scripts/db-prepare.sh           write .sqlx
#   scripts/db-prepare.sh --check   change nothing; fail if .sqlx is not what would be written
# shellcheck source=scripts/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

if [ -z "${XINDENG_TEST_PG:-}" ]; then exec scripts/pg-temp.sh run scripts/db-prepare.sh "$@"; fi
choose_rust

# a database of its own: flow tests may be using the same cluster
database=prepare_$$
url=${XINDENG_TEST_PG/\/postgres\?//$database?}
psql -q "$XINDENG_TEST_PG" -c "create database $database"
drop() { psql -q "$XINDENG_TEST_PG" -c "drop database if exists $database with (force)"; }
trap drop EXIT
for migration in migrations/[0-9]*.sql; do
  psql -q -1 -v ON_ERROR_STOP=1 "$url" -f "$migration" >"$LOGS/migrate.log" 2>&1 || { show_tail "$LOGS/migrate.log"; die "$migration does not apply"; }
done

# The query macros write what they learn into SQLX_OFFLINE_DIR while the crate compiles. A flag that is new each
# time makes cargo compile this one crate again and nothing else; its dependencies are those of "cargo check".
written=$VAR/sqlx.new
rm -rf "$written"
mkdir -p "$written"
SQLX_OFFLINE=false SQLX_OFFLINE_DIR=$written DATABASE_URL=$url \
  logged db-prepare cargo rustc --quiet --locked --package server --lib --profile check -- --cfg "prepared_at=\"$(date +%s%N)\"" --cap-lints allow ||
  die "the queries do not compile against the migrated database ($LOGS/db-prepare.log)"

count=$(find "$written" -name 'query-*.json' | wc -l)
[ "$count" -gt 0 ] || die "no query was written: are the queries still checked at compile time?"
if [ "${1:-}" = --check ]; then
  diff -rq .sqlx "$written" >"$LOGS/sqlx-diff.log" || { show_tail "$LOGS/sqlx-diff.log" 10; die ".sqlx is not up to date: run 'make db-prepare' and commit it"; }
  say ".sqlx is up to date ($count queries)"
else
  rm -rf .sqlx
  mv "$written" .sqlx
  say ".sqlx written ($count queries)"
fi
