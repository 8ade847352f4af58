#!/usr/bin/env bash
# A new decision record from the template: scripts/adr.sh "what was decided"
# shellcheck source=scripts/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

title=${1:-}
[ -n "$title" ] || die 'a title is needed: make adr TITLE="what was decided"'
last=$(find docs/adr -name '[0-9][0-9][0-9][0-9]-*.md' | sort | tail -n1)
number=$(printf '%04d' $((10#$(basename "$last" | cut -c1-4) + 1)))
slug=$(printf '%s' "$title" | tr '[:upper:]' '[:lower:]' | tr -cs 'a-z0-9' '-' | sed 's/^-*//; s/-*$//')
file=docs/adr/$number-${slug:-decision}.md
TITLE=$title awk -v number="$number" -v date="$(date +%F)" \
  '{ gsub(/NNNN/, number); gsub(/DATE/, date); i = index($0, "TITLE"); if (i) $0 = substr($0, 1, i - 1) ENVIRON["TITLE"] substr($0, i + 5); print }' \
  docs/adr/0000-template.md >"$file"
echo "$file"
