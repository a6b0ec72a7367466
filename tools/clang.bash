# Loaded where there are sanitizers: a clang with LLVM's OpenMP, and its ThreadSanitizer. Archer tells
# that one what the runtime does; with gcc's OpenMP it raises false alarms on right code.
# shellcheck shell=bash disable=SC2154 # helper.bash and the caller have the variables

# Finds CLANG, and LIBRARY if the sanitizer works with it.
setup_file() {
    export CLANG='' LIBRARY='' TSAN_OPTIONS=ignore_noninstrumented_modules=1:exitcode=66
    export OMP_WAIT_POLICY=passive OMP_TOOL_LIBRARIES=''
    local clang
    for clang in ${CC:-clang} clang-{21,20,19,18,17,16,15} clang; do
        if has_openmp "$clang"; then
            CLANG=$clang
            break
        fi
    done
}

# has_openmp CLANG: and set LIBRARY if its ThreadSanitizer works with it.
has_openmp() {
    local try=$BATS_FILE_TMPDIR/try
    "$1" --version 2>/dev/null | grep -q clang || return 1
    printf '#include <omp.h>\nint main(void)\n{\n    int sum = 0;
#pragma omp parallel num_threads(2) reduction(+ : sum)
    sum = omp_get_num_threads();\n    return sum != 4;\n}\n' >"$try.c"
    "$1" -fopenmp "$try.c" -o "$try" 2>/dev/null && "$try" || return 1
    OMP_TOOL_LIBRARIES=$("$1" -print-file-name=libarcher.so)
    if "$1" -fopenmp -fsanitize=thread "$try.c" -o "$try" 2>/dev/null && "$try"; then
        LIBRARY=$("$1" -print-file-name="libclang_rt.tsan-$(uname -m).so")
        [ -e "$LIBRARY" ] || LIBRARY=$("$1" -print-file-name=libclang_rt.tsan.so)
    fi
}

needs_clang() { [ -n "$CLANG" ] || skip 'no clang with OpenMP (clang and libomp-dev)'; }
needs_sanitizer() {
    needs_clang
    [ -e "$LIBRARY" ] || skip "no ThreadSanitizer with $CLANG and OpenMP"
}

# sanitized_extension [COMMAND]: build the Cython modules that stand in $twin with ThreadSanitizer,
# by this command of its setup.py, and run the Python code on standard input, which gets the folder
# they are in as its first argument.
sanitized_extension() {
    (cd "$twin" && CC=$CLANG CFLAGS='-g -O0 -fsanitize=thread' OPENMP_CFLAGS=-fopenmp \
        OPENMP_LIBS="-fopenmp -fsanitize=thread -shared-libsan" \
        "$PY" setup.py -q "${1:-build_ext}" --build-lib build --build-temp build/temp)
    run limited env LD_PRELOAD="$LIBRARY" LD_LIBRARY_PATH="$(dirname "$LIBRARY")" \
        OPENBLAS_NUM_THREADS=1 "$PY" - "$twin/build"
}
