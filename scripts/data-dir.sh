#!/usr/bin/env bash
# Prints the folder of this clone's demo data. XINDENG_DATA_DIR wins.
# Postgres never runs as root, so as root the folder must lie where its own user can reach it, which a clone below
# root's home is not; and the socket in it must stay below 108 bytes, which a deep clone does not.
# shellcheck source=scripts/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

if [ -n "${XINDENG_DATA_DIR:-}" ]; then echo "$XINDENG_DATA_DIR"
elif [ "$(id -u)" -eq 0 ]; then echo "/var/lib/xindeng-$(clone_id)"
elif [ ${#VAR} -le 60 ]; then echo "$VAR/data"
else echo "${XDG_DATA_HOME:-$HOME/.local/share}/xindeng-$(clone_id)"; fi
