#!/usr/bin/env bash
# Runs one step of a verb, says what it is, and keeps its seconds; `--summary` prints the seconds of all steps.
set -euo pipefail
seconds_file="${CARGO_TARGET_DIR:-target}/step-seconds"
mkdir -p "$(dirname "$seconds_file")"
if [ "${1:-}" = "--summary" ]; then
  echo "seconds per step:"
  cat "$seconds_file"
  rm -f "$seconds_file"
  exit 0
fi
title="$1"
shift
echo "── $title"
started=$(date +%s)
"$@"
printf '%6d  %s\n' "$(($(date +%s) - started))" "$title" >> "$seconds_file"
