#!/usr/bin/env bash
# Measures, and prints one table with the machine's load: times say something only beside it.
#   scripts/bench.sh [ROWS]   rows for `xindeng score` (1000000)
# shellcheck source=scripts/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

rows=${1:-1000000}
scripts/setup.sh --tests
scripts/build.sh --release
choose_rust
choose_node
binary=$VAR/release/xindeng
results=()
result() { results+=("$1|$2|$3"); }
load() { cut -d' ' -f1 /proc/loadavg; }
load_before=$(load)

say "full PHQ-9 results on one core, native"
# divan's column "mean", items per second
logged bench-rules cargo bench --quiet --locked --package rules --bench scoring || die "the benchmark failed"
native=$(grep -A1 -E '(─|\|) full_result ' "$LOGS/bench-rules.log" | tail -n1 | tr '│' '\n' | grep 'item/s' | sed -n 4p | xargs)
result "PHQ-9 full result, native, one core" "$native" "≥ 1 M/s"

say "full PHQ-9 results in Chromium"
result "PHQ-9 full result, rules.wasm in Chromium" "$(node tests/bench/wasm-in-chromium.mjs "$(chromium_bin)") item/s" "≥ 100 k/s"

say "xindeng score phq9 over $rows rows"
folder=$(mktemp -d "$([ -w /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")/xindeng-bench.XXXXXX")
trap 'rm -rf -- "$folder"' EXIT
awk -v rows="$rows" 'BEGIN { srand(1); for (i = 1; i <= rows; i++) {
  printf "{\"id\":%d,\"person\":{\"sex\":\"F\",\"age\":34},\"answers\":{", i
  for (q = 1; q <= 9; q++) printf "%s\"q%d\":%d", q > 1 ? "," : "", q, int(rand() * rand() * 4)
  print "}}" } }' >"$folder/in.jsonl"
started=$(date +%s%N)
"$binary" score phq9 --in "$folder/in.jsonl" --out "$folder/out.jsonl" &
peak=0
while kill -0 $! 2>/dev/null; do
  now=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$!/status" 2>/dev/null || true)
  [ "${now:-0}" -le "$peak" ] || peak=$now
  sleep 0.05
done
wait $! || die "xindeng score failed"
ms=$((($(date +%s%N) - started) / 1000000))
[ "$(wc -l <"$folder/out.jsonl")" -eq "$rows" ] || die "not every row came out"
result "xindeng score phq9, $rows rows" "$((ms / 1000)).$(printf '%03d' $((ms % 1000))) s, $((peak / 1024)) MB" "≤ 4 s for 1 M, ≤ 100 MB"

result "rules.wasm" "$(wc -c <web-console/public/rules.wasm) bytes, $(gzip -9 -c web-console/public/rules.wasm | wc -c) gzip" ""
printf '\n%-44s %-28s %s\n' "what" "measured" "bar"
for line in "${results[@]}"; do IFS='|' read -r what measured bar <<<"$line"; printf '%-44s %-28s %s\n' "$what" "$measured" "$bar"; done
printf '\nload (1 min) %s before, %s after, on %s cores\n' "$load_before" "$(load)" "$(nproc)"
