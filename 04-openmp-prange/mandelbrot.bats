# shellcheck shell=bash disable=SC2154,SC2030,SC2031 # Bats sets output, lines and status
# The Mandelbrot set and its picture, the histogram and the sum: answers, refusals, bad surroundings.
load ../tools/helper

setup() {
    cd "$BATS_TEST_DIRNAME" || exit 1
    needs_openmp
    export OMP_WAIT_POLICY=passive # more threads than cores: an idle one must not spin
}

# with_modules CODE: run it with the chapter's modules at hand.
with_modules() { limited "$PY" -c "import sys; sys.path.insert(0, 'build')
import numpy as np, mandelbrot, reduction
$1"; }

# one_answer VERSIONS COMMAND ...: exit 0, and all these rows have $answer (or set it, if empty).
one_answer() {
    run limited "${@:2}"
    [ "$status" -eq 0 ] || return 1
    for version in $1; do
        answer=${answer:-$(column answer "$version")}
        [ "$(column answer "$version")" = "$answer" ] || return 1
    done
}

@test "every version counts the same steps, in C, Cython, NumPy and Numba, with any schedule" {
    while read -r options; do
        answer=
        # shellcheck disable=SC2086 # words of options
        one_answer 'serial simd parallel static static-16 dynamic guided' build/mandelbrot $options
        # shellcheck disable=SC2086
        one_answer 'serial simd dynamic' "$PY" mandelbrot.py $options
        # shellcheck disable=SC2086
        [[ $options != *250* ]] || one_answer numpy "$PY" mandelbrot_peers.py $options
    done <<<$'-n 1\n-n 33 -t 8 -i 1\n-n 250 -i 200 -t 3\n-n 100 -v -0.745,0.113,0.01 -i 999'
}

@test "a count is the number of steps while |z|^2 <= 4: of a plain loop in Python" {
    with_modules "
def count(c_real, c_imag, most):
    x = y = steps = 0
    while steps < most and x * x + y * y <= 4:
        x, y, steps = x * x - y * y + c_real, 2 * x * y + c_imag, steps + 1
    return steps

for rows, columns in (37, 37), (5, 70), (64, 3):
    counts = np.zeros((rows, columns), np.uint32)
    pixel = 2.5 / columns
    expected = [[count(-0.6 + (k + 0.5 - columns / 2) * 2.5 / columns,
                       0.3 + (r + 0.5 - rows / 2) * 2.5 / columns, 60)
                 for k in range(columns)] for r in range(rows)]
    for lanes in (False, True):
        counts.fill(0)
        mandelbrot.compute(counts, (-0.6, 0.3, 2.5), 60, 3, 'guided', 2, lanes)
        assert (counts == expected).all(), (rows, columns, lanes)
"
}

@test "the caller's own schedule is as it was after a call" {
    OMP_SCHEDULE=guided,7 run -0 limited "$PY" - <<'PY'
import ctypes, sys
sys.path.insert(0, "build")
import numpy as np, mandelbrot
runtime = ctypes.CDLL(mandelbrot.__file__)  # finds OpenMP's functions in what the module has loaded
kind, chunk = ctypes.c_int(), ctypes.c_int()
mandelbrot.compute(np.zeros((4, 4), np.uint32), threads=2, schedule="static", chunk=3)
runtime.omp_get_schedule(ctypes.byref(kind), ctypes.byref(chunk))
assert (kind.value & 255, chunk.value) == (3, 7), (kind.value, chunk.value)
PY
}

@test "pictures of 1 x 1, of 1 x 100,000 and of nothing are computed, and not only square ones" {
    with_modules "
for shape in (1, 1), (1, 100_000), (100_000, 1), (0, 5), (5, 0):
    counts = np.zeros(shape, np.uint32)
    owners, busy = mandelbrot.compute(counts, iterations=7, threads=3)
    assert len(owners) == shape[0] and len(busy) == 3 and (counts > 0).all(), shape
"
}

@test "a wrong array, view, schedule or number raises, and nothing is written" {
    with_modules "
import itertools
zeros = np.zeros((8, 8), np.uint32)
locked = zeros.copy(); locked.flags.writeable = False
good = dict(counts=zeros, view=(0, 0, 1), iterations=5, threads=2, schedule='static', chunk=0)
for name, values in {
    'counts': (None, [1], zeros[0], zeros[:, ::2], np.asfortranarray(zeros), zeros.astype(np.int64),
               locked, b'12'),
    'view': (None, (0, 0), (0, 0, 0), (0, 0, -1), (float('nan'), 0, 1), (0, float('inf'), 1), 'abc'),
    'iterations': (0, -1, 2**32, 2.5, None),
    'threads': (0, -1, 257, 2.5, None, 10**30),
    'schedule': ('auto', None, 3),
    'chunk': (-1, 2**31, 2.5),
}.items():
    for value in values:
        try:
            mandelbrot.compute(**good | {name: value})
        except (ValueError, TypeError, BufferError) as error:
            print(name, value, '->', error)
        else:
            sys.exit(f'{name}={value!r} was taken')
assert not zeros.any()
for values, counts in (np.ones(4, np.uint32), np.zeros((2, 255), np.uint64)), \
        (np.ones(4, np.uint32), np.zeros((0, 256), np.uint64)), \
        (np.ones(4, np.uint32), np.zeros((257, 256), np.uint64)), \
        (np.ones(4), np.zeros((1, 256), np.uint64)), (None, np.zeros((1, 256), np.uint64)):
    try:
        reduction.histogram(values, counts)
    except (ValueError, TypeError) as error:
        print(error)
    else:
        sys.exit(f'{values} was taken')
    assert not counts.any()
floats, sums = np.ones(9000, np.float32), np.zeros(3, np.float32)
for function, *wrong in (reduction.sum_by_reduction, None, 1), (reduction.sum_by_reduction, floats[::2], 1), \
        (reduction.sum_by_reduction, floats.astype(float), 1), (reduction.sum_by_reduction, floats, 0), \
        (reduction.sum_by_reduction, floats, 257), (reduction.sum_by_blocks, floats, sums[:2], 1), \
        (reduction.sum_by_blocks, floats, None, 1), (reduction.sum_by_blocks, floats, sums, 2.5):
    try:
        function(*wrong)
    except (ValueError, TypeError) as error:
        print(error)
    else:
        sys.exit(f'{wrong} was taken')
assert not sums.any()
for n in 0, 1, 4095, 4096, 4097, 12289:
    locked = np.arange(n, dtype=np.float32)
    locked.flags.writeable = False
    sums = np.empty(-(-n // 4096), np.float32)
    for threads in 1, 3:
        assert reduction.sum_by_blocks(locked, sums, threads) == reduction.sum_by_blocks(locked, sums)
        assert abs(reduction.sum_by_reduction(locked, threads) - n * (n - 1) / 2) <= 1e-4 * n * n
"
}

@test "the picture has a panel for each schedule: hues are threads, brightness is the count" {
    run -0 limited build/mandelbrot -n 40 -t 2 --out "$BATS_TEST_TMPDIR/a picture.png"
    run -0 limited "$PY" picture.py -n 40 -t 2 --out "$BATS_TEST_TMPDIR/b.png"
    with_modules "
from PIL import Image
counts = np.zeros((40, 40), np.uint32)
mandelbrot.compute(counts)
levels = (31 * np.log1p(counts) / np.log1p(500)).astype(int)
for name in 'a picture.png', 'b.png':
    pixels = np.array(Image.open('$BATS_TEST_TMPDIR/' + name))
    assert pixels.shape == (40, 160), pixels.shape
    owners = pixels // 32
    assert abs(pixels % 32 - np.tile(levels, 4)).max() <= 1
    assert (owners[:, ::40] == owners[:, 39::40]).all()  # a row has one owner
    static, chunks = owners[:, 0], owners[:, 40]
    assert list(static) == [0] * 20 + [1] * 20, static
    assert list(chunks) == [0] * 16 + [1] * 16 + [0] * 8, chunks
    assert set(owners.ravel()) == {0, 1}
"
}

@test "in a terminal a character is two pixels in their threads' colours; elsewhere, a thread's number" {
    run -0 limited env FORCE_COLOR=1 TERM=xterm COLORTERM=truecolor COLUMNS=80 \
        "$PY" picture.py -n 40 -t 2 --out "$BATS_TEST_TMPDIR/x.png"
    [[ ${#lines[@]} -eq 10 && $output == *$'\e[38;2;86;180;233;48;2;86;180;233m▀'* ]] || false
    run -0 limited env NO_COLOR=1 COLUMNS=80 "$PY" picture.py -v -0.1,0,0.2 -n 40 -t 2 \
        --out "$BATS_TEST_TMPDIR/x.png" # all pixels take all steps
    [[ ${lines[1]} =~ ^0{19}\ 0{19}\ [01]{19}\ [01]{19}$ ]] || false
    [[ ${lines[5]} =~ ^[01]{19}\ 1{19}\  && ${lines[9]} =~ ^1{19}\ 0{19}\  ]] || false
}

@test "a picture that cannot be written is one line, exit 2, and leaves no half file" {
    ln -s "$PWD" "$BATS_TEST_TMPDIR/chapter" # whose path may have spaces
    mkdir "$BATS_TEST_TMPDIR/folder" && cd "$BATS_TEST_TMPDIR"
    for program in chapter/build/mandelbrot "$PY chapter/mandelbrot.py"; do
        for path in nowhere/x.png folder /dev/full ''; do
            # shellcheck disable=SC2086 # a command of several words
            run -2 complaint $program -n 8 --out "$path"
            [[ ${#lines[@]} -eq 1 && $output == mandelbrot*": --out '$path': "* ]] || false
        done
        # As on a disk that is full: a file may have 1 kB.
        run -2 limited bash -c "ulimit -f 1; trap '' XFSZ; exec $program -n 100 --out x.png 2>&1 >/dev/null"
        [[ ${#lines[@]} -eq 1 && $output == *"--out 'x.png': File too large" ]] || false
        [ "$(echo *)" = "chapter folder" ]
    done
}

@test "a view that is none is refused in one line, and a negative one is understood" {
    for program in build/mandelbrot "$PY mandelbrot.py"; do
        for view in abc 1,2 1,2,0 1,2,-3 nan,0,1 0,inf,1 1,2,3,4 1,2,3x ''; do
            # shellcheck disable=SC2086 # a command of several words
            run -2 complaint $program -v "$view"
            [[ ${#lines[@]} -eq 1 && $output == *"-v"*"'$view': expected X,Y,WIDTH"* ]] || false
        done
        # shellcheck disable=SC2086
        run -0 limited $program -n 10 -v -1.5,-.5,2e-1 -t 1
    done
}

@test "a histogram loses nothing but in the racy version, and a sum by blocks has the same bits" {
    for t in 1 2 7; do
        answer=300007
        one_answer 'serial atomic reduction by-hand' build/reduction -n 300007 -t "$t"
        lost=$(column lost racy)
        [ $(($(column answer racy) + lost)) -eq 300007 ]
        [ "$((lost > 0))" -eq "$((t > 1))" ]
        one_answer 'numpy serial by-hand' "$PY" reduction.py -n 300007 -t "$t"
        [ "$(awk '$1 == "blocks" && $2 == $3 && $3 == $4 && $4 == $5' <<<"$output" | wc -l)" -eq 1 ]
        run -0 limited build/float_sum -n 300007 -t "$t"
        sums=$(awk '$1 == "blocks" && NF == 5 { print $2, $3, $4, $5 }' <<<"$output")
        [ "$(tr ' ' '\n' <<<"$sums" | sort -u | wc -l)" -eq 1 ]
    done
}

@test "updates are lost on one core too, and the sum by reduction moves with the threads" {
    run -0 on_one_core build/reduction -n 1000000
    [ "$(column lost racy)" -gt 0 ]
    run -0 limited build/float_sum
    [ "$(awk '$1 == "reduction" && NF == 5 && ($2 != $3 || $3 != $4)' <<<"$output" | wc -l)" -eq 1 ]
}

@test "with any setting of OpenMP's variables that the runtime takes, the answers are right" {
    while read -r -a settings; do
        echo "${settings[@]}"
        for program in build/mandelbrot "$PY mandelbrot.py"; do
            answer=166398
            # shellcheck disable=SC2086 # a command of several words
            one_answer 'serial dynamic' env "${settings[@]}" $program -n 32
        done
        answer=10000
        one_answer 'serial atomic reduction by-hand' env "${settings[@]}" build/reduction -n 10000
        run -0 limited env "${settings[@]}" build/float_sum -n 10000
    done <<<$'OMP_NUM_THREADS=64\nOMP_NUM_THREADS=7,2 OMP_THREAD_LIMIT=1
OMP_DYNAMIC=true OMP_SCHEDULE=guided,3 OMP_PROC_BIND=close\nOMP_SCHEDULE=abc OMP_PROC_BIND=abc'
    export OMP_NUM_THREADS=7,2 OMP_THREAD_LIMIT=1 OMP_SCHEDULE=guided,3
    answer=1498500
    one_answer 'serial openmp' build/add -n 1000
    one_answer 'numpy cython-prange' "$PY" add.py -n 1000
}

@test "twins that leave a row out, or stop a step too late, are caught by the program's own check" {
    twin mandelbrot.c 's/; r < n; r++/; r < n - (size_t)version->parallel; r++/'
    (cd "$twin" && compile_openmp -O1 mandelbrot.c -o left-out)
    caught 'parallel static static-16 dynamic guided' "$twin/left-out" -n 50
    # The right counts in the wrong rows: the same sum.
    twin mandelbrot.c 's/counts + r \* n)/counts + (version->parallel ? n - 1 - r : r) * n)/'
    (cd "$twin" && compile_openmp -O1 mandelbrot.c -o mirrored)
    caught 'parallel static static-16 dynamic guided' "$twin/mirrored" -n 50
    twin pixels.h 's/const int64_t in = .*;/const int64_t in = zr2 + zi2 <= 4.5;/'
    (cd "$twin" && cp "$OLDPWD/mandelbrot.c" . && compile_openmp -O1 mandelbrot.c -o too-late)
    caught 'simd static static-16 dynamic guided' "$twin/too-late" -n 50
    twin reduction.c '/^#pragma omp critical/d; s/bins\[b\] += own\[b\]/bins[b] = own[b]/'
    (cd "$twin" && compile_openmp -O1 reduction.c -o overwritten)
    caught by-hand "$twin/overwritten" -n 5000
    twin float_sum.c 's/float of_block = 0/float of_block = 0.01f * (float)threads/'
    (cd "$twin" && compile_openmp -O1 float_sum.c -o moved)
    caught blocks "$twin/moved" -n 5000
}
