#!/bin/sh
# How far do the parallel versions of chapters 2 to 5 scale? On 1, 2, 4 ... MOST threads: seconds,
# and the speed-up against one thread.
#   sh scaling.sh MOST
set -eu
cd "$(dirname "$0")"
rows() ( # rows MOST FOLDER VERSION PROGRAM ...
    most=$1 version=$3 threads=1
    cd "../$2" && shift 3
    while :; do
        output=$("$@" -t "$threads") && echo "$output" | grep -m 1 "^$version " || exit 1
        [ "$threads" -lt "$most" ] || exit 0
        threads=$((2 * threads < most ? 2 * threads : most))
    done
)
scale() {
    found=$(rows "$@") || exit 1
    echo "$found" | awk -v folder="$2" '
        NR == 1 { one = $4 } { printf "%-21s%-10s%4d%10.4f s%8.2f\n", folder, $1, $2, $4, one / $4 }'
}
scale "$1" 02-threads-in-c dynamic build/primes
scale "$1" 03-nogil-extension released python primes.py
scale "$1" 04-openmp-prange openmp build/add
scale "$1" 04-openmp-prange dynamic build/mandelbrot
scale "$(($1 < 64 ? $1 : 64))" 05-sgd-case-study openmp python ladder.py -c
