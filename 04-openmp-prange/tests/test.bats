# shellcheck shell=bash disable=SC2154,SC2086 # Bats sets status and output; words of options
# The programs: answers, wrong twins, compilers, data races.
load ../../tools/helper
load ../../tools/clang
PIXELS='serial simd parallel static static-16 dynamic dynamic-16'
BINS='serial atomic reduction by-hand'

setup() {
    cd "$BATS_TEST_DIRNAME/.." || return
    needs_openmp
    program=$BATS_TEST_TMPDIR/program
}

@test "the Mandelbrot set has the same counts in C and Cython, with any schedule" {
    while read -r answer options; do
        counts "$answer" "$PIXELS" build/mandelbrot $options
        counts "$answer" 'serial simd dynamic' "$PY" mandelbrot.py $options
    done <<<$'13 -n 1\n1089 -n 33 -t 8 -i 1\n4208346 -n 250 -i 200 -t 3'
    mirrored='compute_row(n, version->parallel ? n - 1 - r : r, most, at)' # has the same sum
    compile_openmp -O1 "-Dcompute_row(n, r, most, at)=$mirrored" mandelbrot.c -o "$program"
    caught 'parallel static static-16 dynamic dynamic-16' "$program" -n 50
}

@test "a histogram loses nothing but in the racy version, which always does, on one core too" {
    for t in 1 2 7; do
        counts 65536 "$BINS" build/reduction -n 65536 -t $t
        [ "$(($(column lost racy) > 0))" -eq "$((t > 1))" ]
        counts 65536 'numpy serial by-hand' "$PY" reduction.py -n 65536 -t $t
    done
    run -0 on_one_core build/reduction -n 65536
    [ "$(column lost racy)" -gt 0 ]
    compile_openmp -O1 -Dcritical=single reduction.c -o "$program" # one thread adds its bins
    caught by-hand "$program" -n 5000
}

@test "a sum of floats by reduction moves with the threads, and one by blocks does not" {
    run -0 limited build/float_sum
    [ "$(awk '/^reduction|^blocks/ { print $1, $3 }' <<<"$output" | sort -u | wc -l)" -eq 4 ]
    compile_openmp -O1 '-DBLOCK=(n / (size_t)threads)' float_sum.c -o "$program"
    caught 'blocks blocks' "$program" -n 1000000
}

@test "clang's programs have the same answers, and ThreadSanitizer sees a data race in a twin alone" {
    needs_sanitizer
    for flags in "-O3 $(probed NATIVE)" '-g -O1 -fsanitize=thread'; do
        for name in add mandelbrot reduction float_sum; do
            "$CLANG" $flags -ffp-contract=off -fopenmp $name.c -o "$program-$name" -lm
        done
        counts 599970000 'serial openmp openmp-stream' "$program-add" -n 20000 -t 3
        counts 166398 "$PIXELS" "$program-mandelbrot" -n 32 -t 3
        counts 65536 "$BINS" "$program-reduction" -n 65536 -t 3
        run -0 limited "$program-float_sum" -n 20000
    done
    "$CLANG" $flags -fopenmp -include tests/twin.h add.c -o "$program"
    run -66 limited "$program" -n 50000 -t 3
    for said in 'ThreadSanitizer: data race' 'wrong answer: openmp-stream' 'one moment: 1'; do
        [[ $output == *"$said"* ]] || false
    done
}

@test "ThreadSanitizer sees no data race in the modules, but that of threads with one number" {
    needs_sanitizer
    while read -r code number; do
        twin=$BATS_TEST_TMPDIR/$number && mkdir "$twin"
        cp setup.py ./*.pyx ./*.h "$twin" && ln -sfn "$PWD/../tools" "$BATS_TEST_TMPDIR/tools"
        CLANG="$CLANG -Domp_get_thread_num=omp_get_$number" sanitized_extension </dev/null
        run -"$code" limited env LD_PRELOAD="$LIBRARY" \
            LD_LIBRARY_PATH="${LIBRARY%/*}" OPENBLAS_NUM_THREADS=1 PYTHONPATH="$twin/build" \
            "$PY" -m pytest -q -p no:cacheprovider tests/test_cores.py -k parallel
    done <<<$'0 thread_num\n66 dynamic' # omp_get_dynamic() is 0 in every thread
}
