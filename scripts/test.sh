#!/usr/bin/env bash
# Runs everything CI runs, one summary line per suite, and says at the end how many tests passed and failed.
#   scripts/test.sh              all suites
#   scripts/test.sh rules flows  only these
# A failing suite does not hide the others; a suite that ran nothing has failed. Logs: var/log/test-*.log.
# shellcheck source=scripts/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

ALL=(fmt lint generated rules scales flows web size parity browser)
wanted=("${@:-${ALL[@]}}")
passed_total=0
failed_total=0

# ---- counting ----------------------------------------------------------------------------------------------------
count() { echo "$1 $2" >>"$COUNTS"; }

# check LABEL COMMAND…: one test; the others of the suite run whatever its outcome.
check() {
  local label=$1
  shift
  echo "--- $label"
  if "$@"; then echo "ok: $label"; count 1 0; else echo "FAILED: $label"; count 0 1; fi
}

# counted KIND COMMAND…: a test runner that says itself how many it ran.
counted() {
  local kind=$1 output numbers status=0
  shift
  output=$(mktemp "$VAR/output.XXXXXX")
  REPORT=$output.json "$@" 2>&1 | tee "$output" || status=$?
  numbers=$(node scripts/count-tests.mjs "$kind" "$output")
  rm -f "$output" "$output.json"
  # a runner that failed before or after its tests (a broken import, a crash) must not look green
  if [ "$status" -ne 0 ] && [ "${numbers#* }" -eq 0 ]; then numbers="${numbers% *} 1"; fi
  echo "$numbers" >>"$COUNTS"
}

suite() { # NAME
  local name=$1 log=$LOGS/test-$1.log started status=0 passed=0 failed=0 p f note=
  started=$(date +%s)
  COUNTS=$VAR/counts-$name
  : >"$COUNTS"
  (set +e; "suite_$name") >"$log" 2>&1 </dev/null || status=$?
  while read -r p f; do passed=$((passed + p)); failed=$((failed + f)); done <"$COUNTS"
  rm -f "$COUNTS"
  if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
  if [ $((passed + failed)) -eq 0 ]; then failed=1; note=' (ran no test)'; fi
  passed_total=$((passed_total + passed))
  failed_total=$((failed_total + failed))
  printf '%-10s %5d passed  %3d failed  %4d s%s\n' "$name" "$passed" "$failed" $(($(date +%s) - started)) "$note"
  [ "$failed" -eq 0 ] || show_failure "$log"
}

# The lines that say what failed, then the end of the log.
show_failure() {
  grep -E '^(FAILED:|error|\s+FAIL |failures:|thread .* panicked|✘| *×| *[0-9]+\) )' "$1" | head -n 30 | without_addresses | sed 's/^/  > /' >&2 || true
  show_tail "$1" 60
  echo "    (all of it: ${1#"$ROOT"/})" >&2
}

# ---- suites --------------------------------------------------------------------------------------------------------
# rust_tests PACKAGE…: with cargo-nextest where it is installed, else with cargo test. Only what the suite needs is
# built, so that code which does not compile fails its own suite and no other.
rust_tests() {
  local packages=() package
  for package in "$@"; do packages+=(--package "$package"); done
  if cargo nextest --version >/dev/null 2>&1; then
    counted nextest cargo nextest run --locked --no-fail-fast --status-level fail --final-status-level fail "${packages[@]}"
  else
    counted cargo cargo test --locked --no-fail-fast "${packages[@]}"
  fi
}
in_web() { (cd web-console && npx --no-install "$@"); }

suite_fmt() {
  check "rust is formatted" cargo fmt --all --check
  check "the web console is formatted" in_web biome format .
}
suite_lint() {
  check "clippy" cargo clippy --locked --workspace --all-targets --quiet -- -D warnings
  check "types of the web console" in_web tsc --noEmit
  check "biome" in_web biome lint --error-on-warnings .
  if command -v shellcheck >/dev/null; then check "shellcheck" shellcheck -x scripts/*.sh .ci/run .githooks/pre-commit; fi
}
suite_generated() {
  check "API types (make types)" scripts/types.sh --check
  check "query metadata (make db-prepare)" scripts/db-prepare.sh --check
}
suite_rules() { rust_tests rules rules-wasm; }
suite_scales() {
  check "every scale is fit to ship" "$VAR/bin/xindeng" scales lint scales
  counted scales "$VAR/bin/xindeng" scales test
}
suite_flows() { rust_tests server xindeng flows; }
# counted says where the report is wanted
vitest_run() { in_web vitest run --reporter=default --reporter=json --outputFile.json="$REPORT" "$@"; }
suite_web() { counted vitest vitest_run; }
suite_size() { check "the size of every route" npm --prefix web-console run --silent budget; }
suite_parity() {
  cargo build --quiet --locked --package rules-wasm --example answer || return 1
  RULES_NATIVE=$CARGO_TARGET_DIR/debug/examples/answer counted vitest vitest_run --root ../tests/parity
}
# The stories in a real browser; tests/browser starts the servers it needs from XINDENG_BIN.
playwright_run() { (cd tests/browser && PLAYWRIGHT_JSON_OUTPUT_NAME=$REPORT npx --no-install playwright test --reporter=list,json); }
suite_browser() {
  XINDENG_BIN=$VAR/bin/xindeng
  CHROMIUM_BIN=$(chromium_bin) || return 1
  export XINDENG_BIN CHROMIUM_BIN
  counted playwright playwright_run
}

# ---- go -------------------------------------------------------------------------------------------------------------
needs() { # one of these suites is wanted
  local name suite
  for name in "${wanted[@]}"; do for suite in "$@"; do [ "$name" != "$suite" ] || return 0; done; done
  return 1
}
for name in "${wanted[@]}"; do
  declare -F "suite_$name" >/dev/null || die "there is no suite '$name'; there are: ${ALL[*]}"
done

if [ -z "${XINDENG_TEST_SET_UP:-}" ]; then
  scripts/setup.sh --tests || { echo "0 passed, 1 failed"; exit 1; }
  export XINDENG_TEST_SET_UP=1
  # one throwaway Postgres for all suites that need one
  if [ -z "${XINDENG_TEST_PG:-}" ] && needs generated flows; then exec scripts/pg-temp.sh run scripts/test.sh "$@"; fi
fi
choose_rust
choose_node
export NEXTEST_HIDE_PROGRESS_BAR=1
if needs generated scales web size parity browser && ! scripts/build.sh; then
  # the other suites still say what they can
  printf '%-10s %5d passed  %3d failed\n' build 0 1
  failed_total=1
fi
for name in "${wanted[@]}"; do suite "$name"; done

echo "$passed_total passed, $failed_total failed"
[ "$failed_total" -eq 0 ]
