#!/usr/bin/env bash
# Builds the rules as WebAssembly into web-console/public/rules.wasm, if anything they are made from changed.
# XINDENG_WASM=rustup|debian forces one of the two ways.
# shellcheck source=scripts/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

target=wasm32-unknown-unknown
output=web-console/public/rules.wasm
inputs=$(fingerprint backend/rules backend/wasm Cargo.toml Cargo.lock rust-toolchain.toml scripts/wasm.sh)
if [ -s "$output" ] && is_fresh wasm "$inputs"; then exit 0; fi

# Small and quick: it is downloaded by tablets on slow networks and scores while somebody waits.
export CARGO_PROFILE_RELEASE_OPT_LEVEL=3 CARGO_PROFILE_RELEASE_LTO=fat CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1
export CARGO_PROFILE_RELEASE_PANIC=abort CARGO_PROFILE_RELEASE_STRIP=symbols CARGO_PROFILE_RELEASE_DEBUG=false
# its own folder, so that it never waits for the native build
export CARGO_TARGET_DIR=$CARGO_TARGET_DIR/wasm
build=(build --release --locked --package rules-wasm --lib --target "$target")

has_rustup_target() { command -v rustup >/dev/null && rustup target list --installed 2>/dev/null | grep -qx "$target"; }
has_debian_rust() { [ -x /usr/bin/rustc ] && [ -x /usr/bin/cargo ] && command -v wasm-ld >/dev/null && [ -d "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library" ]; }

choose_rust
way=${XINDENG_WASM:-}
if [ -z "$way" ] && has_rustup_target; then way=rustup; fi
if [ -z "$way" ] && command -v rustup >/dev/null; then
  say "adding the WebAssembly target to Rust"
  if logged rustup-target timeout 90 rustup target add "$target" 2>/dev/null && has_rustup_target; then way=rustup; fi
fi
way=${way:-debian}
# Debian's rustc is built without this target's library, but its packages carry the source to build it from.
if [ "$way" = debian ] && ! has_debian_rust; then
  scripts/setup.sh --packages rustc-web cargo-web rust-web-src lld ||
    die "no WebAssembly target. Either: rustup target add $target — or: sudo apt-get install rustc-web cargo-web rust-web-src lld"
fi

# clones share the cache and so the path of the finished module
mkdir -p "$CARGO_TARGET_DIR"
exec 9>"$CARGO_TARGET_DIR/xindeng.lock"
flock 9
say "building the rules as WebAssembly ($way)"
case $way in
  rustup) logged wasm cargo "${build[@]}" || die "the WebAssembly build failed ($LOGS/wasm.log)" ;;
  debian)
    CARGO_TARGET_DIR=$CARGO_TARGET_DIR-debian
    RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld \
      logged wasm /usr/bin/cargo "${build[@]}" -Zbuild-std=std,panic_abort || die "the WebAssembly build failed ($LOGS/wasm.log)"
    ;;
  *) die "XINDENG_WASM is '$way'; it may be rustup or debian" ;;
esac

mkdir -p "$(dirname "$output")"
install -m 644 "$CARGO_TARGET_DIR/$target/release/rules_wasm.wasm" "$output.new"
mv "$output.new" "$output"
mark_fresh wasm "$inputs"
say "rules.wasm: $(wc -c <"$output") bytes, $(gzip -9 -c "$output" | wc -c) gzip"
