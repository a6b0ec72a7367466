#!/bin/sh
# For machines that a maintainer does not have: runs the C programs of arm64 under emulation, and
# compiles and links them for macOS.
#
#     sh tools/portability.sh
#
# It needs Debian's gcc-aarch64-linux-gnu, libc6-dev-arm64-cross and qemu-user, and PyPI's ziglang
# for the Python that ZIG names.
cd "$(dirname "$0")/.." || exit
[ -f 05-sgd-case-study/build/flights.bin ] || { echo 'portability.sh: type make first' >&2; exit 2; }
made=$(mktemp -d) && trap 'rm -rf "$made"' EXIT && trap 'exit 1' INT TERM
failed=0

# attempt TITLE COMMAND ...: say whether the command succeeded, and else its last words.
attempt() {
    title=$1 && shift
    if "$@" >"$made/said" 2>&1; then
        echo "ok      $title"
    else
        echo "failed  $title: $(grep -m 1 error: "$made/said" || tail -n 1 "$made/said")"
        failed=1
    fi
}

emulated() { (cd "$(dirname "$1")" && shift && qemu-aarch64 -L /usr/aarch64-linux-gnu "$@"); }

for source in 0*/*.c; do
    grep -q '^int main' "$source" || continue
    program=$made/$(basename "$source" .c)
    flags='-O3 -pthread' size=
    case $source in 0[45]*) flags="$flags -fopenmp -ffp-contract=off" ;; esac
    # shellcheck disable=SC2086 # flags are words
    attempt "arm64 compiles $source" aarch64-linux-gnu-gcc $flags "$source" -o "$program" -lm
    emulated "$source" "$program" --help | grep -q -- ' -n ' && size='-n 500'
    # shellcheck disable=SC2086
    attempt "arm64 runs     $source" emulated "$source" "$program" $size
    # Zig brings the headers of macOS, but no OpenMP.
    case $source in 0[45]*) continue ;; esac
    attempt "macOS links    $source" "${ZIG:-python3}" -m ziglang cc -target aarch64-macos -O2 \
        "$source" -o "$program"
done
exit "$failed"
