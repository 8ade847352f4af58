#!/usr/bin/env bash
# Removes this clone's demo data. Only a folder that this project made, and only while no server runs in it.
# shellcheck source=scripts/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

data_dir=$(scripts/data-dir.sh)
[ -d "$data_dir" ] || { say "nothing to remove: $data_dir is not there"; exit 0; }
[ -e "$data_dir/demo.json" ] || die "$data_dir holds no demo city; remove it by hand if it is meant to go"
