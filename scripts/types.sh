#!/usr/bin/env bash
# Writes web-console/src/api/types.gen.ts from the OpenAPI document, which comes from the code.
#   scripts/types.sh --check   change nothing; fail if the file is not what would be written
# shellcheck source=scripts/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

output=web-console/src/api/types.gen.ts
choose_rust
choose_node || die "no suitable Node: run scripts/setup.sh"
[ -x tools/codegen/node_modules/.bin/openapi-typescript ] || scripts/setup.sh --tests

# the check follows a build: the binary is there
if [ "${1:-}" = --check ] && [ -x "$VAR/bin/xindeng" ]; then "$VAR/bin/xindeng" openapi >"$VAR/openapi.json"
else cargo run --quiet --locked --package xindeng -- openapi >"$VAR/openapi.json"; fi
logged types tools/codegen/node_modules/.bin/openapi-typescript "$VAR/openapi.json" --output "$VAR/types.plain.ts" --alphabetize ||
  die "the types could not be generated ($LOGS/types.log)"
{
  for rule in format lint assist; do echo "// biome-ignore-all $rule: written by make types"; done
  cat "$VAR/types.plain.ts"
} >"$VAR/types.gen.ts"

if [ "${1:-}" = --check ]; then
  diff -u "$output" "$VAR/types.gen.ts" >"$LOGS/types-diff.log" || { show_tail "$LOGS/types-diff.log" 20; die "$output is not up to date: run 'make types' and commit it"; }
  say "$output is up to date"
else
  cp "$VAR/types.gen.ts" "$output"
  say "$output written"
fi
