# Loaded where there are sanitizers: a clang with LLVM's OpenMP, and its ThreadSanitizer. Archer tells
# that one what the runtime does; with gcc's OpenMP it raises false alarms on right code.
# shellcheck shell=bash disable=SC2154 # helper.bash and the caller have the variables

# Finds CLANG, TSAN if its sanitizer works, and LIBRARY if that works in Python.
setup_file() {
    export CLANG='' TSAN='' LIBRARY='' TSAN_OPTIONS=ignore_noninstrumented_modules=1:exitcode=66
    export OMP_WAIT_POLICY=passive OMP_TOOL_LIBRARIES=''
    local clang try=$BATS_FILE_TMPDIR/try
    printf '#include <omp.h>\nint main(void)\n{\n#pragma omp parallel\n    omp_get_thread_num();\n}\n' >"$try.c"
    works() { "$@" -fopenmp "$try.c" -o "$try" 2>/dev/null && "$try"; }
    for clang in ${CC:-} clang-{21..15} clang; do
        "$clang" --version 2>/dev/null | grep -q clang && works "$clang" && CLANG=$clang && break
    done
    [ -n "$CLANG" ] || return 0
    OMP_TOOL_LIBRARIES=$("$CLANG" -print-file-name=libarcher.so)
    works "$CLANG" -fsanitize=thread && TSAN=yes || return 0
    LIBRARY=$(find "$("$CLANG" -print-resource-dir)/" -name 'libclang_rt.tsan*.so' | head -n 1)
    LD_PRELOAD=$LIBRARY "$PY" -c '' || LIBRARY='' # clang 14's crashes in Python
}

needs_clang() { [ -n "$CLANG" ] || skip 'no clang with OpenMP (clang and libomp-dev)'; }
needs_sanitizer() { [ -n "$TSAN" ] || skip 'no clang with OpenMP and ThreadSanitizer'; }

# sanitized_extension: build what stands in $twin with ThreadSanitizer, and run the Python code on
# standard input, which gets the folder of the modules as its first argument.
sanitized_extension() {
    [ -e "$LIBRARY" ] || skip 'no ThreadSanitizer that works in Python'
    (cd "$twin" && CC=$CLANG CFLAGS='-g -O0 -fsanitize=thread' OPENMP_CFLAGS=-fopenmp \
        OPENMP_LIBS="-fopenmp -fsanitize=thread -shared-libsan" \
        "$PY" setup.py -q build --build-lib build --build-temp build/temp)
    run limited env LD_PRELOAD="$LIBRARY" LD_LIBRARY_PATH="$(dirname "$LIBRARY")" \
        OPENBLAS_NUM_THREADS=1 "$PY" - "$twin/build"
}
