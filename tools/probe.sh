#!/bin/sh
# Find the flag for this machine's processor, and those for OpenMP, by compiling and running.
#   sh probe.sh FILE.mk    writes NATIVE, OPENMP, OPENMP_CFLAGS and OPENMP_LIBS; reads CC
# shellcheck disable=SC2086 # flags and the words of CC are split on purpose
CC=${CC:-cc} native='' cflags=-fopenmp libs=-fopenmp openmp=yes
# The reader's settings for OpenMP are not what is asked about, and may allow one thread only.
unset OMP_NUM_THREADS OMP_THREAD_LIMIT OMP_DYNAMIC OMP_MAX_ACTIVE_LEVELS
# Beside the result, and not in TMPDIR, where programs may be forbidden to run.
tmp=$(mktemp -d "$1.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM HUP

for flag in -march=native -mcpu=native; do # clang on arm64 wants the second
    $CC $flag -x c -c /dev/null -o "$tmp/none" 2>/dev/null && native=$flag && break
done
cat >"$tmp/two.c" <<'C'
#include <omp.h>
int main(void)
{
    int threads = 0;
#pragma omp parallel num_threads(2) reduction(+ : threads)
    threads = 1;
    return threads != 2;
}
C
two_threads() { $CC $cflags "$tmp/two.c" -o "$tmp/two" $libs 2>/dev/null && "$tmp/two"; }
if ! two_threads; then # as on macOS, with libomp from Homebrew
    brew=$(brew --prefix libomp 2>/dev/null)
    cflags="-Xpreprocessor -fopenmp -I$brew/include" libs="-L$brew/lib -lomp"
    two_threads || openmp=no cflags='' libs=''
fi
printf '%s := %s\n' NATIVE "$native" OPENMP $openmp OPENMP_CFLAGS "$cflags" OPENMP_LIBS "$libs" \
    >"$tmp/probed.mk" && mv "$tmp/probed.mk" "$1" || exit 1
echo "OpenMP: $openmp ${cflags:-(see make doctor)}; this processor: ${native:-no flag}"
