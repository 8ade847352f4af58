#!/usr/bin/env bash
# A new, empty migration with the next number: scripts/db-new.sh follow_up
# shellcheck source=scripts/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

name=${1:-}
[[ $name =~ ^[a-z][a-z0-9_]*$ ]] || die 'a name of lower case letters is needed: make db-new NAME=follow_up'
last=$(find migrations -name '[0-9][0-9][0-9][0-9]_*.sql' | sort | tail -n1)
number=$(printf '%04d' $((10#$(basename "$last" | cut -c1-4) + 1)))
echo '-- What this adds, and why. Expand first, contract in a later migration; an applied one is never edited.' >"migrations/${number}_$name.sql"
echo "migrations/${number}_$name.sql"
