#!/bin/sh
# Find the flags for this compiler's own processor and for OpenMP, by compiling, linking and running.
#   sh probe.sh FILE.mk    writes NATIVE, OPENMP, OPENMP_CFLAGS and OPENMP_LIBS; reads CC
CC=${CC:-cc}
out=$1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

cat >"$tmp/none.c" <<'C'
int main(void) { return 0; }
C
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

# try NAME CFLAGS LIBS: can it be made, and does it end well?
# shellcheck disable=SC2086 # flags and the words of CC are split on purpose
try() {
    (
        unset OMP_NUM_THREADS OMP_THREAD_LIMIT
        $CC $2 -o "$tmp/$1" "$tmp/$1.c" $3 2>/dev/null && "$tmp/$1"
    )
}

native=''
for flag in -march=native -mcpu=native; do # gcc on arm64 before 6, and clang on it, want the second
    if try none "$flag"; then native=$flag && break; fi
done
printf 'NATIVE := %s\n' "$native" >"$tmp/probed.mk"

brew=$(brew --prefix libomp 2>/dev/null)
cflags=-fopenmp libs=-fopenmp
try two "$cflags" "$libs" || { cflags="-Xpreprocessor -fopenmp -I$brew/include" libs="-L$brew/lib -lomp"; }
if try two "$cflags" "$libs"; then
    printf 'OPENMP := yes\nOPENMP_CFLAGS := %s\nOPENMP_LIBS := %s\n' "$cflags" "$libs" >>"$tmp/probed.mk"
    echo "OpenMP: yes ($cflags); this processor: ${native:-no flag for it}"
else
    echo 'OPENMP := no' >>"$tmp/probed.mk"
    echo "OpenMP: no (chapters 4 and 5 need it; \`make doctor\` says what to install)"
fi
mkdir -p "$(dirname "$out")" && mv "$tmp/probed.mk" "$out"
