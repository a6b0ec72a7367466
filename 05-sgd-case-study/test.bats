# shellcheck shell=bash disable=SC2154 # Bats sets output, lines and status
load ../tools/helper

C_ROWS="serial blocked openmp"
PYTHON_ROWS="python numpy cython cython-threads cython-prange"

setup() {
    cd "$BATS_TEST_DIRNAME" || return
    [ "$(probed OPENMP)" = yes ] ||
        skip "this compiler has no OpenMP (make doctor says what to install)"
}

# python CODE: run it with the chapter's modules at hand.
python() { limited "$PY" -c "import sys; sys.path[:0] = ['.', 'build']
import numpy as np, flights_file
$1"; }

# close A B TOLERANCE: also false when one of them is not a number.
close() { awk -v a="$1" -v b="$2" -v tolerance="$3" 'BEGIN { d = a - b; if (d < 0) d = -d; exit !(d <= tolerance) }'; }

@test "every rung in C ends within 0.1% of the optimum, and says how good it is" {
    run limited build/sgd -t 2
    [ "$status" -eq 0 ]
    rows_are_well_formed
    for version in $C_ROWS; do
        [[ $(column gap "$version") == 0.0*% ]] || false
        close "$(column AUC "$version")" 0.702 0.003
        close "$(column answer "$version")" 0.4983 0.0003
    done
}

@test "every rung in Python does so too, with the answer of its twin in C" {
    run limited build/sgd -t 2
    serial=$(column answer serial) blocked=$(column answer blocked) auc=$(column AUC serial)
    run limited "$PY" sgd.py -t 2
    [ "$status" -eq 0 ]
    rows_are_well_formed
    for version in $PYTHON_ROWS; do
        [[ $(column gap "$version") == 0.0*% ]] || false
        close "$(column AUC "$version")" 0.702 0.003
    done
    close "$(column answer python)" "$serial" 0.000002
    close "$(column answer cython)" "$serial" 0.000002
    close "$(column AUC cython)" "$auc" 0.0001
    close "$(column answer numpy)" "$blocked" 0.000002
    [ "$(column answer cython-threads)" = "$(column answer cython-prange)" ]
}

@test "the answer is the same to the last bit, run after run, for 2, 3 and 16 threads" {
    # The programs compare the bits of repeated trainings; here two processes are compared.
    for threads in 2 3 16; do
        run limited build/sgd -t "$threads"
        [ "$status" -eq 0 ]
        first="$(column answer openmp) $(column gap openmp)"
        run limited build/sgd -t "$threads"
        [ "$first" = "$(column answer openmp) $(column gap openmp)" ]
    done
}

@test "threads and prange give the same bits" {
    run python "
import sys, rungs
data = flights_file.load('build/flights.bin')
n, threads, answers = 16 * 512, 3, []
for rung in rungs.cython, rungs.cython_prange:
    weights = np.zeros((threads, 32), np.float32); totals = np.zeros_like(weights)
    rung(data, n, threads)(list(range(16)), weights, totals)
    answers.append(weights.tobytes() + totals.tobytes())
assert weights.any() and answers[0] == answers[1]"
    [ "$status" -eq 0 ]
}

@test "the data are the flights of 2013, standardised with the training rows only" {
    run python "
f = flights_file.load('build/flights.bin')
assert f.rows.shape == (327346, 32) and f.train == 261632, f.rows.shape
assert round(float((f.labels > 0).mean()), 3) == 0.237
numbers = f.rows[:f.train, :12].astype(float)
assert np.abs(numbers.mean(0)).max() < 1e-4
held_out = f.rows[f.train:, :12].astype(float)
assert 1e-4 < np.abs(held_out.mean(0)).max() < 0.02
assert (f.rows[:, 12:28].sum(1) == 1).all() and (f.rows[:, 28:31].sum(1) == 1).all()
assert (f.rows[:, 31] == 1).all()"
    [ "$status" -eq 0 ]
}

@test "building the data twice gives the same file" {
    run limited "$PY" flights.py "$BATS_TEST_TMPDIR/again.bin"
    [ "$status" -eq 0 ]
    cmp build/flights.bin "$BATS_TEST_TMPDIR/again.bin"
}

@test "scikit-learn finds the same optimum, and the same AUC" {
    "$PY" -c 'import sklearn' 2>/dev/null || skip "scikit-learn is not installed (make peers)"
    run python "
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
f = flights_file.load('build/flights.bin')
model = LogisticRegression(C=1 / (f.lambda_ * f.train), fit_intercept=False, tol=1e-8,
                           solver='newton-cholesky').fit(f.rows[:f.train], f.labels[:f.train])
weights = model.coef_[0]
assert abs(flights_file.objective(f, weights) - f.optimum) < 1e-7
theirs = roc_auc_score(f.labels[f.train:], f.rows[f.train:] @ weights)
assert abs(flights_file.auc(f, weights) - theirs) < 1e-6"
    [ "$status" -eq 0 ]
}

@test "a wrong gradient is caught in every language: exit 1 and a line that says so" {
    wrong=$BATS_TEST_TMPDIR
    cp ./*.c ./*.h ./*.py "$wrong"
    mkdir "$wrong/build"
    ln -s "$PWD"/build/*.so "$PWD/build/flights.bin" "$wrong/build/"
    sed 's/factor\[b\] = step \* labels/factor[b] = -step * labels/' kernels.c >"$wrong/kernels.c"
    sed 's/w += (STEP/w -= (STEP/' rungs.py >"$wrong/rungs.py"
    compile_openmp -O3 "$wrong"/*.c -o "$wrong/sgd"
    python=$PY
    cd "$wrong"
    run limited ./sgd -e 2
    [ "$status" -eq 1 ]
    [[ $output == *"wrong answer in 2 of 3 rows"* ]] || false

    run limited "$python" sgd.py -e 2
    [ "$status" -eq 1 ]
    [[ $output == *"not within 0.1% of the optimum: numpy" ]] || false
}

@test "an answer that changes from run to run is caught" {
    cp ./*.c ./*.h "$BATS_TEST_TMPDIR"
    sed 's/uint64_t state = run->seed;/static uint64_t state; state += run->seed;/' local_sgd.c \
        >"$BATS_TEST_TMPDIR/local_sgd.c"
    compile_openmp -O3 "$BATS_TEST_TMPDIR"/*.c -o "$BATS_TEST_TMPDIR/sgd"
    run limited "$BATS_TEST_TMPDIR/sgd"
    [ "$status" -eq 1 ]
    [[ $output == *"serial: the answer is not the same in every run"* ]] || false
}

@test "an optimum that is out of reach is not a right answer" {
    run limited build/sgd -t 64 -e 1
    [ "$status" -eq 1 ]
    [[ $output == *"wrong answer in 1 of 3 rows"* ]] || false
}

@test "a damaged file is refused by C and by Python in the same line, exit 2" {
    python "
import pathlib, struct
good = pathlib.Path('build/flights.bin').read_bytes()
put = lambda at, bytes_: good[:at] + bytes_ + good[at + len(bytes_):]
nan, label = struct.pack('<f', float('nan')), len(good) - 4
for name, content in {
    'empty': b'', 'short': good[:20], 'truncated': good[:-4], 'half': good[:len(good) // 2],
    'long': good + b'x', 'foreign': b'PK' + good[2:], 'text': b'hello\n',
    'nan': put(64 + 4 * (32 * 5 + 7), nan), 'inf': put(64 + 4 * 32 * 9, struct.pack('<f', float('inf'))),
    'label': put(label, struct.pack('<f', 0.5)), 'nanlabel': put(label, nan),
    'bit': put(1000, bytes([good[1000] ^ 1])), 'swapped': good[:64] + good[192:320] + good[64:192] + good[320:],
    'split': put(16, struct.pack('<II', 261632 + 512, 65714 - 512)), 'best': put(40, struct.pack('<d', 0.4984)), 'rows': put(16, struct.pack('<I', 511)),
    'features': put(24, struct.pack('<I', 31)), 'optimum': put(40, struct.pack('<d', float('nan'))),
}.items():
    pathlib.Path('$BATS_TEST_TMPDIR', name).write_bytes(content)"
    for fault in 'empty:the file is empty' 'short:truncated: 20 bytes, the header alone has 64' \
        'truncated:truncated: 43209732 bytes instead of 43209736' 'half:truncated' \
        'long:too long: 43209737 bytes instead of 43209736' 'foreign:not a flights file' \
        'text:not a flights file' 'nan:row 5, column 7 is not a finite number' \
        'inf:row 9, column 0 is not a finite number' 'label:the label of row 327345 is neither 1 nor -1' \
        'nanlabel:the label of row 327345 is neither 1 nor -1' 'bit:damaged: its checksum does not match' \
        'swapped:damaged: its checksum' 'split:damaged: its checksum' 'best:damaged: its checksum' \
        'rows:the header is damaged' 'features:the header is damaged' 'optimum:the header is damaged' \
        'missing:No such file or directory'; do
        file=$BATS_TEST_TMPDIR/${fault%%:*}
        run limited build/sgd "$file"
        [ "$status" -eq 2 ]
        [ "${#lines[@]}" -eq 1 ]
        [[ $output == "sgd: $file: ${fault#*:}"* ]] || false
        said=${output#sgd: }
        run limited "$PY" sgd.py "$file"
        [ "$status" -eq 2 ]
        [ "${#lines[@]}" -eq 1 ]
        [ "$output" = "sgd.py: error: $said" ]
    done
}

@test "arrays that do not fit are refused before any work, and stay as they were" {
    run python "
import sgd_cython
rows = np.ones((1024, 32), np.float32); labels = np.ones(1024, np.float32)
order = np.arange(2, dtype=np.uint32); w = np.full(32, 0.25, np.float32); total = np.full(32, 8, np.float32)
readonly = w.copy(); readonly.flags.writeable = False
good = dict(rows=rows, labels=labels, order=order, low=0, high=2, step=0.1, shrink=1, weights=w, total=total)
def refused(kind, **bad):
    try: sgd_cython.train_part(**{**good, **bad})
    except kind: pass
    else: raise AssertionError(bad)
    assert (w == 0.25).all() and (total == 8).all() and (readonly == 0.25).all()
refused(ValueError, rows=rows[:, :31].copy()); refused(ValueError, rows=rows[:, ::2])
refused(ValueError, rows=rows.astype(float)); refused(ValueError, labels=labels[1:])
refused(ValueError, order=np.array([0, 2], np.uint32)); refused(ValueError, order=np.arange(2))
refused(ValueError, low=-1); refused(ValueError, high=3); refused(ValueError, low=1, high=1)
refused(ValueError, weights=w[1:].copy()); refused(ValueError, total=total[1:].copy())
refused((ValueError, BufferError), weights=readonly)
for name in 'rows', 'labels', 'order', 'weights', 'total': refused(TypeError, **{name: None})
sgd_cython.train_part(**good)
assert (w != 0.25).any()
many = dict(rows=rows, labels=labels, order=order, step=0.1, shrink=1)
for shape, totals in ((3, 32), (3, 32)), ((2, 31), (2, 31)), ((2, 32), (1, 32)), ((0, 32), (0, 32)):
    try: sgd_cython.train_parallel(**many, weights=np.zeros(shape, np.float32), totals=np.zeros(totals, np.float32))
    except ValueError: pass
    else: raise AssertionError(shape)"
    [ "$status" -eq 0 ] || echo "$output"
    [ "$status" -eq 0 ]
}

@test "the command at the head of sgd.c works as typed" {
    cp ./*.c ./*.h "$BATS_TEST_TMPDIR"
    command=$(sed -n '/^ \*     cc /,/sgd$/s/^ \* *//p' sgd.c)
    [[ $command == cc*'&& ./sgd' ]] || false
    mkdir "$BATS_TEST_TMPDIR/build" && ln -s "$PWD/build/flights.bin" "$BATS_TEST_TMPDIR/build/"
    cd "$BATS_TEST_TMPDIR"
    run limited bash -c "$command"
    [ "$status" -eq 0 ]
}

@test "values out of range are refused in one line" {
    for program in build/sgd "$PY sgd.py"; do
        for value in 0 -3 99999 abc '' 1e99 99999999999999999999999; do
            # shellcheck disable=SC2086 # the command is two words
            refuses -t "$value" $program
        done
        for option in -n -e -s; do
            for value in -3 abc '' 1e99 99999999999999999999999; do
                # shellcheck disable=SC2086
                run limited $program "$option" "$value"
                [ "$status" -eq 2 ]
                [ "${#lines[@]}" -eq 1 ]
                [[ $output == *"$option"*"'$value'"*"expected a whole number from "* ]] || false
            done
        done
        # shellcheck disable=SC2086
        run limited $program -n 1000000
        [ "$status" -eq 2 ]
        [[ $output == *"-n"*"'1000000'"*"to 261632"* ]] || false
    done
}

@test "a bad OMP_NUM_THREADS is refused before OpenMP can hang on it; a good one is the default" {
    for program in build/sgd "$PY sgd.py"; do
        for value in abc 0 -3 99999 '' "$(printf '9%.0s' {1..5000})"; do
            # shellcheck disable=SC2086
            OMP_NUM_THREADS=$value run limited $program
            [ "$status" -eq 2 ]
            [[ $output == *"OMP_NUM_THREADS '${value:0:60}"*"': expected a whole number from 1 to 64"* ]] || false
        done
    done
    for value in 3 3,2; do
        OMP_NUM_THREADS=$value run limited build/sgd
        [ "$(column threads openmp)" = 3 ]
    done
}
