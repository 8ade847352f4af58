#!/usr/bin/env bash
# Installs what is missing: system packages, Node, the npm packages. Quick when nothing is. Safe to run again.
#   scripts/setup.sh          what running needs
#   scripts/setup.sh --tests  also what the browser tests need
#   scripts/setup.sh --packages NAME…  these system packages, nothing else
# shellcheck source=scripts/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

for_tests=false
[ "${1:-}" != --tests ] || for_tests=true

# ---- system packages -------------------------------------------------------------------------------------------
# sudo may ask for a password only where somebody can type one
as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }
sudo_works() { command -v sudo >/dev/null && if [ -t 0 ]; then sudo -v; else sudo -n true 2>/dev/null; fi; }
may_install() { command -v apt-get >/dev/null && { [ "$(id -u)" -eq 0 ] || sudo_works; }; }
apt_quietly() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 -qq "$@"; }

# Two apt runs at once break each other, also from two clones: one lock for all.
install_packages() { # PACKAGE…
  may_install || die "missing system packages. Install them: sudo apt-get install $*"
  say "installing system packages: $*"
  local attempt lock=/tmp/xindeng-apt.lock
  (
    exec 9>>"$lock"
    chmod 666 "$lock" 2>/dev/null || true
    flock -w 600 9
    for attempt in 1 2 3; do
      # package lists first: on a new machine there are none, on an old one they name versions long gone
      if apt_quietly update && apt_quietly install -y --no-install-recommends "$@"; then exit 0; fi
      sleep $((attempt * 3))
    done
    exit 1
  ) >"$LOGS/apt.log" 2>&1 </dev/null || { show_tail "$LOGS/apt.log" 15; die "could not install: $* (by hand: sudo apt-get install $*)"; }
}

if [ "${1:-}" = --packages ]; then
  install_packages "${@:2}"
  exit 0
fi

missing=()
need_package() { dpkg -s "$1" 2>/dev/null | grep -q '^Status: install ok installed' || missing+=("$1"); }

if ! postgres_bin >/dev/null; then
  # Debian 12 has 15; later ones name their own version through the plain package
  if apt-cache show postgresql-15 >/dev/null 2>&1; then missing+=(postgresql-15); else missing+=(postgresql); fi
fi
command -v cc >/dev/null || missing+=(gcc libc6-dev)
command -v flock >/dev/null || missing+=(util-linux)
if $for_tests; then
  chromium_bin >/dev/null || missing+=(chromium)
  if command -v dpkg >/dev/null && chromium_bin >/dev/null && ! fc-list :lang=zh 2>/dev/null | grep -q .; then need_package fonts-noto-cjk; fi
  [[ " ${missing[*]} " != *" chromium "* ]] || need_package fonts-noto-cjk
fi
[ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
postgres_bin >/dev/null || die "Postgres is not on this machine. Install it: sudo apt-get install postgresql (or set PG_BIN_DIR)"

# ---- Rust --------------------------------------------------------------------------------------------------------
choose_rust

# ---- Node --------------------------------------------------------------------------------------------------------
command -v npm >/dev/null || install_packages nodejs npm
if ! choose_node; then
  package=$(node_package) || die "Node $(wanted_node) or newer is needed (have: $(node --version 2>/dev/null || echo none))"
  say "Node $(node --version 2>/dev/null || echo '(none)') is older than $(wanted_node): fetching $package@$NODE_MAJOR into the cache"
  logged node npm install --prefix "$CACHE/node" --no-save --no-audit --no-fund "$package@$NODE_MAJOR" || die "could not install $package@$NODE_MAJOR"
  choose_node || die "Node $(wanted_node) or newer is needed"
fi

# ---- npm packages ------------------------------------------------------------------------------------------------
# "npm ci" refuses a lock file that lacks other platforms' optional packages; "npm install" then does the same
# work, and the lock file is put back as it was.
npm_packages() { # FOLDER
  local folder=$1 name lock status=0
  name=npm-$(echo "$folder" | tr / -)
  [ -f "$folder/package-lock.json" ] || return 0
  lock=$(fingerprint "$folder/package.json" "$folder/package-lock.json")
  if [ -d "$folder/node_modules" ] && [ "$(cat "$folder/node_modules/.installed-from" 2>/dev/null || true)" = "$lock" ]; then return 0; fi
  say "installing npm packages of $folder"
  if ! (cd "$folder" && npm ci --no-audit --no-fund --prefer-offline) >"$LOGS/$name.log" 2>&1 </dev/null; then
    cp "$folder/package-lock.json" "$VAR/$name.lock"
    (cd "$folder" && npm install --no-audit --no-fund --prefer-offline) >>"$LOGS/$name.log" 2>&1 </dev/null || status=$?
    mv "$VAR/$name.lock" "$folder/package-lock.json"
    [ "$status" -eq 0 ] || { show_tail "$LOGS/$name.log" 20; die "npm packages of $folder could not be installed"; }
  fi
  printf '%s\n' "$lock" >"$folder/node_modules/.installed-from"
}
npm_packages web-console
if $for_tests; then
  npm_packages tests/browser
  npm_packages tools/codegen
fi
