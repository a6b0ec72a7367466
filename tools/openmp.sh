#!/bin/sh
# Find the flags that make OpenMP work: compile, link and run a program that needs two threads.
#   sh openmp.sh FILE.mk    writes OPENMP, OPENMP_CFLAGS and OPENMP_LIBS; reads CC
CC=${CC:-cc}
out=$1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

cat >"$tmp/two.c" <<'C'
#include <omp.h>
int main(void)
{
    int threads = 0;
#pragma omp parallel num_threads(2) reduction(+ : threads)
    threads = 1;
    return threads == 2 ? 0 : 1;
}
C

try() { # try CFLAGS LIBS
    # shellcheck disable=SC2086 # flags and the words of CC are split on purpose
    env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT $CC $1 -o "$tmp/two" "$tmp/two.c" $2 2>/dev/null &&
        env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT "$tmp/two" || return 1
    printf 'OPENMP := yes\nOPENMP_CFLAGS := %s\nOPENMP_LIBS := %s\n' "$1" "$2" >"$tmp/openmp.mk"
    echo "OpenMP: yes ($1)"
}

brew=$(brew --prefix libomp 2>/dev/null)
if try -fopenmp -fopenmp || { [ -n "$brew" ] &&
    try "-Xpreprocessor -fopenmp -I$brew/include" "-L$brew/lib -lomp"; }; then :; else
    echo 'OPENMP := no' >"$tmp/openmp.mk"
    echo "OpenMP: no (chapters 4 and 5 need it; \`make doctor\` says what to install)"
fi
mkdir -p "$(dirname "$out")" && mv "$tmp/openmp.mk" "$out"
