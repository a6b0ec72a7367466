# shellcheck shell=bash disable=SC2154 # Bats sets output, lines and status
load ../tools/helper

setup() {
    cd "$BATS_TEST_DIRNAME" || return
    needs_openmp
}

# with_modules CODE: run it with the chapter's modules at hand.
with_modules() { limited "$PY" -c "import sys; sys.path[:0] = ['.', 'build']
import numpy as np, flights_file
$1"; }

# compile_twin OUTPUT: sgd.c of $twin and what belongs to it.
compile_twin() {
    (cd "$twin" && compile_openmp -O3 sgd.c local_sgd.c kernels.c storage.c flights.c judge.c -o "$1")
}

# close A B TOLERANCE: also false when one of them is not a number.
close() { awk -v a="$1" -v b="$2" -v tolerance="$3" 'BEGIN { d = a - b; if (d < 0) d = -d; exit !(d <= tolerance) }'; }

# ends_well VERSION: within 0.1% of the optimum, and as good on the flights held out.
ends_well() {
    [[ $(column gap "$1") == 0.0*% ]] && close "$(column AUC "$1")" 0.702 0.003 &&
        close "$(column answer "$1")" 0.4983 0.0003
}

@test "every rung ends within 0.1% of the optimum, and gives in Python the answer of its twin in C" {
    run -0 limited build/sgd -t 2
    for version in serial batched prefetched openmp bfloat16 bfloat16-openmp; do
        ends_well "$version"
    done
    serial=$(column answer serial) batched=$(column answer batched) auc=$(column AUC serial)
    run -0 limited "$PY" sgd.py -t 2
    for version in python python-threads numpy-rows numpy cython cython-threads cython-prange; do
        ends_well "$version"
    done
    close "$(column answer python)" "$serial" 0.000002
    close "$(column answer numpy-rows)" "$serial" 0.000002
    close "$(column answer python-threads)" "$(column answer cython-threads)" 0.000002
    close "$(column answer cython)" "$serial" 0.000002
    close "$(column AUC cython)" "$auc" 0.0001
    close "$(column answer numpy)" "$batched" 0.000002
    [ "$(column answer cython-threads)" = "$(column answer cython-prange)" ]
}

@test "the answer is the same to the last bit, run after run, for 2, 3 and 16 threads" {
    # The programs compare the bits of repeated trainings; here two processes are compared.
    local answers=()
    for threads in 2 3 16; do
        run -0 limited build/sgd -t "$threads"
        for version in openmp bfloat16-openmp; do
            answers+=("$(column answer $version) $(column gap $version)")
        done
        run limited build/sgd -t "$threads"
        for version in openmp bfloat16-openmp; do
            [ "${answers[0]}" = "$(column answer $version) $(column gap $version)" ]
            answers=("${answers[@]:1}")
        done
    done
}

@test "threads and prange give the same bits" {
    with_modules "
import sys, rungs
data = flights_file.load('build/flights.bin')
n, threads, answers = 16 * 512, 3, []
on_threads = rungs.on_threads(rungs.cython(data, n), threads)
for epoch in on_threads, rungs.cython_prange(data, n):
    weights = np.zeros((threads, 32), np.float32); totals = np.zeros_like(weights)
    epoch(np.arange(16, dtype=np.uint32), weights, totals, 0.01)
    answers.append(weights.tobytes() + totals.tobytes())
assert weights.any() and answers[0] == answers[1]"
}

@test "the data are the flights of 2013, standardised with the training rows only" {
    with_modules "
f = flights_file.load('build/flights.bin')
assert f.rows.shape == (327346, 32) and f.train == 261632, f.rows.shape
assert round(float((f.labels > 0).mean()), 3) == 0.237
numbers = f.rows[:f.train, :12].astype(float)
assert np.abs(numbers.mean(0)).max() < 1e-4
held_out = f.rows[f.train:, :12].astype(float)
assert 1e-4 < np.abs(held_out.mean(0)).max() < 0.02
assert (f.rows[:, 12:28].sum(1) == 1).all() and (f.rows[:, 28:31].sum(1) == 1).all()
assert (f.rows[:, 31] == 1).all()"
}

@test "building the data twice gives the same file" {
    run -0 limited "$PY" flights.py "$BATS_TEST_TMPDIR/again.bin"
    cmp build/flights.bin "$BATS_TEST_TMPDIR/again.bin"
}

@test "the data set grows: other rows and labels, the same optimum nearly, trained on in its file" {
    three=$BATS_TEST_TMPDIR/3.bin
    run -0 --separate-stderr limited "$PY" flights.py "$three" --times 3
    [ -z "${stderr:-}" ] # no progress in a pipe
    [[ ${lines[0]} == *"850,610 flights, 784,896 to train on, 65,714 held out" ]]
    with_modules "
import pathlib
one, three = (flights_file.load(pathlib.Path(name)) for name in ('build/flights.bin', '$three'))
n = one.train
assert (three.rows[3 * n:] == one.rows[n:]).all() and (three.labels[3 * n:] == one.labels[n:]).all()
assert len(np.unique(three.rows[:3 * n, :12], axis=0)) > 0.999 * 3 * n
assert np.abs(three.rows[:3 * n].mean(0) - one.rows[:n].mean(0)).max() < 0.001
for copy in range(3):
    assert abs(three.labels[copy * n:][:n].mean() - one.labels[:n].mean()) < 0.01
assert abs(three.optimum - one.optimum) < 0.002"
    for threads in 1 3; do
        run -0 limited build/larger -t "$threads" "$three"
        [[ $(column gap mapped) == 0.0*% ]]
        [ "$(awk '$1 == "mapped" { print $NF }' <<<"$output" | sort -n | tail -1)" -lt 60 ] # of 104 MB
    done
    run -2 limited "$PY" flights.py "$three" --times 0
    [[ $output == *"--times: '0': expected a whole number from 1 to 1000" ]] || false
    run -2 limited build/larger missing.bin
    [[ $output == "larger: missing.bin: No such file or directory"* ]] || false
}

@test "workers for whom no rows are left do not count in the average" {
    for threads in 4 64; do # there are 4 windows
        run -0 limited build/larger -t "$threads"
        reached+=("$(awk -v t="$threads" '$1 == "mapped" && $2 == t { print $3 }' <<<"$output")")
    done
    [ -n "${reached[0]}" ]
    [ "${reached[0]}" = "${reached[1]}" ]
}

@test "scikit-learn finds the same optimum, and the same AUC" {
    "$PY" -c 'import sklearn' 2>/dev/null || skip "scikit-learn is not installed (make peers)"
    with_modules "
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
f = flights_file.load('build/flights.bin')
model = LogisticRegression(C=1 / (f.lambda_ * f.train), fit_intercept=False, tol=1e-8,
                           solver='newton-cholesky').fit(f.rows[:f.train], f.labels[:f.train])
weights = model.coef_[0]
assert abs(flights_file.objective(f, weights) - f.optimum) < 1e-7
theirs = roc_auc_score(f.labels[f.train:], f.rows[f.train:] @ weights)
assert abs(flights_file.auc(f, weights) - theirs) < 1e-6"
}

@test "other data: the same optimum as scikit-learn's, and SGD reaches it with 800 features too" {
    "$PY" -c 'import sklearn' 2>/dev/null || skip "scikit-learn is not installed (make peers)"
    kinds=tumours
    [ ! -d /usr/share/datasets/fashion-mnist ] || kinds+=" fashion"
    for kind in $kinds; do
        run -0 limited "$PY" other_data.py "$kind" "$BATS_TEST_TMPDIR/$kind.bin"
        with_modules "
from sklearn.linear_model import LogisticRegression
f = flights_file.load('$BATS_TEST_TMPDIR/$kind.bin', features=800 if '$kind' == 'fashion' else 32)
rows, labels = f.rows[:f.train].astype(float), f.labels[:f.train]
model = LogisticRegression(C=1 / (f.lambda_ * f.train), fit_intercept=False, tol=1e-8, max_iter=10000)
objective = flights_file.objective(f, model.fit(rows, labels).coef_[0])
assert abs(objective / f.optimum - 1) < 1e-6, objective"
    done
    for program in build/sgd "$PY sgd.py"; do
        # shellcheck disable=SC2086 # a command of two words
        run -2 limited $program -t 3 "$BATS_TEST_TMPDIR/tumours.bin"
        [[ $output == *"-t '3': there are only 1 blocks of 512 rows to share out" ]] || false
    done
    run -2 limited build/sgd "$BATS_TEST_TMPDIR/fashion.bin"
    [[ $output == *"its rows have 800 features instead of 32" || $output == *"No such file"* ]] || false
    [[ $kinds == *fashion ]] || skip "the flights and the tumours are right; Debian's dataset-fashion-mnist is missing"
    compile_openmp -O3 -DFEATURES=800 sgd.c local_sgd.c kernels.c storage.c flights.c judge.c \
        -o "$BATS_TEST_TMPDIR/sgd"
    run -0 limited "$BATS_TEST_TMPDIR/sgd" -p 5 -e 100 "$BATS_TEST_TMPDIR/fashion.bin"
    [[ $(column gap openmp) == 0.0*% && $(column AUC openmp) == 0.92* ]]
}

@test "each library that is installed minimises the same objective" {
    with_modules "
import warnings, flights, libraries
warnings.simplefilter('ignore')
f = flights_file.load('build/flights.bin')
n = 32 * 512
few = f._replace(rows=f.rows[:n].copy(), labels=f.labels[:n].copy(), train=n)
best = flights_file.objective(few, flights.newton(few))
for train, setting, nearer in (
    (libraries.linear, dict(solver='newton-cholesky'), 1e-6), (libraries.linear, dict(solver='lbfgs'), 1e-3),
    (libraries.linear, dict(solver='saga'), 1e-3), (libraries.sgd, dict(average=True), 0.05),
    (libraries.snapml, {}, 1e-3), (libraries.cyanure, {}, 1e-3), (libraries.vowpal_wabbit, {}, 0.2),
    (libraries.pytorch, dict(epochs=3, batch=512, step=0.2), 0.05),
):
    try: weights, took = train(few.rows, few.labels, f.lambda_, 2, **setting)
    except ModuleNotFoundError as error: print('left out:', error.name); continue
    gap = flights_file.objective(few, weights) / best - 1
    assert -1e-9 <= gap <= nearer and took.wall > 0, (train, setting, gap)"
}

@test "a wrong gradient is caught in every language: exit 1 and a line that says so" {
    twin kernels.c 's/factor\[b\] = step \* labels/factor[b] = -step * labels/'
    twin rungs.py 's/weights += (step \* y/weights -= (step * y/'
    compile_twin "$twin/sgd"
    cd "$twin"
    run -1 limited ./sgd -e 2
    [[ ${lines[-1]} == "sgd: wrong answer: batched prefetched openmp bfloat16"* ]] || false
    run -1 limited "$PY" sgd.py -e 2
    [ "${lines[-1]}" = "sgd.py: wrong answer: numpy" ]
}

@test "a step that is too large is reported as divergence, without a number" {
    run -1 limited build/sgd -e 2 -p 300000
    [[ $output == *"sgd: serial: training diverged: choose a smaller step than -p 300000"* ]] || false
    [ "$(column answer serial) $(column gap openmp) $(column AUC bfloat16)" = "diverged - -" ]
    run -1 limited "$PY" sgd.py -e 1 -p 300000
    [[ $output == *"sgd.py: python: training diverged: choose a smaller step than -p 300000"* ]] || false
    [ "$(column answer python) $(column gap numpy) $(column AUC cython-prange)" = "diverged - -" ]
    [[ ${output,,} != *nan* ]]
    run -1 limited build/larger -p 1000000
    [[ $output == *"larger: mapped: training diverged"* && ${output,,} != *nan* ]]
    run -0 limited "$PY" sgd.py --watch -p 100000
    [[ ${lines[-1]} == "training diverged: choose a smaller step than -p 100000" ]]
}

# with_kernels CODE: the same, with f, the flights, and moved(kernel, start, ...): the weights that a
# kernel of kernels.c leaves after some blocks.
with_kernels() {
    compile_openmp -O3 -shared -fPIC kernels.c -o "$BATS_TEST_TMPDIR/kernels.so"
    with_modules "
import ctypes
f = flights_file.load('build/flights.bin')
kernels = ctypes.CDLL('$BATS_TEST_TMPDIR/kernels.so')
class Shard(ctypes.Structure):
    _fields_ = [('weights', ctypes.c_float * 32), ('sum', ctypes.c_float * 32), ('more', ctypes.c_size_t * 3)]
def aligned(array):
    room = np.empty(array.nbytes + 4096, np.uint8)
    copy = room[-room.ctypes.data % 4096:][:array.nbytes].view(array.dtype).reshape(array.shape)
    copy[:] = array
    return copy
def moved(kernel, start, rows, labels, step, shrink):
    shard = Shard.from_buffer(aligned(np.zeros(ctypes.sizeof(Shard), np.uint8)))
    shard.weights[:] = start
    for low in range(0, len(rows), 512):
        at = ctypes.c_void_p(rows[low:].ctypes.data)
        kernel(at, ctypes.c_void_p(labels[low:].ctypes.data), at,
               ctypes.c_float(step), ctypes.c_float(shrink), ctypes.byref(shard))
    return np.array(shard.weights)
$1"
}

@test "a step goes along the gradient, as differences of the objective have it, in every language" {
    with_kernels "
import rungs
start = np.random.default_rng(0).normal(0, 0.1, 32).astype(np.float32)
rows = aligned(f.rows[:512])
bits = rows.view(np.uint32)
bits = bits + 0x7fff + (bits >> 16 & 1) & 0xffff0000  # to bfloat16, as storage.c has it
halves = aligned(bits[:, :16] | bits[:, 16:] >> 16)
def visited(rung, labels):
    weights, data = start.copy(), f._replace(rows=rows, labels=labels, train=512, lambda_=0)
    rung(data, 512)(np.zeros(1, np.uint32), weights, np.zeros(32, np.float32), 0.01)
    return weights
for count in 1, 32:  # rows that make a step
    labels = f.labels[:512].copy()
    labels[count:] = 0
    in_c = lambda name, rows=rows: moved(getattr(kernels, name), start, rows, labels, 0.01, 1)
    after = [(rows, in_c('train_batches')), (rows, in_c('train_prefetched')),
             (bits.view(np.float32), in_c('train_bfloat16', halves)), (rows, visited(rungs.numpy_batches, labels))]
    if count == 1:
        after += [(rows, in_c('train_rows'))]
        after += [(rows, visited(rung, labels)) for rung in (rungs.pure_python, rungs.numpy_rows, rungs.cython)]
    for trained_on, weights in after:
        few = f._replace(rows=trained_on[:count], labels=labels[:count], train=count, lambda_=0)
        loss = lambda w: flights_file.objective(few, w)
        slope = [(loss(start + e) - loss(start - e)) / 2e-5 for e in 1e-5 * np.eye(32)]
        assert np.abs(slope).max() > 0.05
        assert np.abs((start - weights) / 0.01 / count - slope).max() < 1e-4, count"
}

@test "Cython and C leave the same weights, to float32's rounding, and after several epochs too" {
    with_kernels "
import sgd_cython
rows, labels = aligned(f.rows[:8 * 512]), f.labels[:8 * 512].copy()
order, step, shrink = np.arange(8, dtype=np.uint32), 0.01, 1 - 32 * 0.01 * f.lambda_
w, total = np.zeros(32, np.float32), np.zeros(32, np.float32)
sgd_cython.train_part(rows, labels, order, step, shrink, w, total)
weights_of = lambda kernel: moved(kernel, np.zeros(32), rows, labels, step, shrink)
assert np.abs(weights_of(kernels.train_rows) - w).max() < 1e-5 * np.abs(w).max()
batches = weights_of(kernels.train_batches)
assert 0 < np.abs(batches - w).max() < 0.01  # a batch sees older weights
assert (weights_of(kernels.train_prefetched) == batches).all()"
    # Four epochs: the step has been halved, and the answer is an average over two of them.
    run -0 limited build/gaps -t 2
    awk '$1 == "serial" && $2 == 1 && $7 == "4.000" { print $3 }' <<<"$output" >"$BATS_TEST_TMPDIR/answer"
    with_modules "
import averaging, rungs
f = flights_file.load('build/flights.bin')
epoch = rungs.on_threads(rungs.cython(f, f.train), 1)
answer, epochs, *_ = averaging.train(epoch, f.train // 512, 1, lambda _: False, epochs=4)
expected = float(open('$BATS_TEST_TMPDIR/answer').read())
assert epochs == 4 and abs(flights_file.objective(f, answer) - expected) < 2e-6"
}

@test "training comes nearer to the optimum; the picture, the table of workers and --watch show it" {
    run -0 limited "$PY" convergence.py -t 2
    [ -s build/convergence.svg ]
    read -r _ percent tenth hundredth _ < <(grep '^serial ' <<<"$output")
    close "$percent" 0 "$tenth" && close "$tenth" 0 "$hundredth"
    # After 16 epochs one worker is nearer than 64, and both are nearer than after one.
    awk '$1 == 1 && NF == 6 { one = $6 + 0; first = $2 + 0 } $1 == 64 && NF == 6 { many = $6 + 0; early = $2 + 0 }
        END { exit !(0 < one && one < many && one < first && many < early) }' <<<"$output"
    run -0 limited "$PY" sgd.py --watch -e 1
    [[ ${lines[-1]} == "0.0"*"% above the optimum after "* ]] || false
    grep -q '0.1% |' <<<"$output"
}

@test "an answer that changes from run to run, or is out of reach, is caught" {
    twin local_sgd.c 's/^static struct shard.*/&\nstatic uint64_t calls;/' 's/= run->seed +/= calls++ +/'
    compile_twin "$BATS_TEST_TMPDIR/sgd"
    run -1 limited "$BATS_TEST_TMPDIR/sgd"
    [[ $output == *"serial: the answer is not the same in every run"* ]] || false
    [[ ${lines[-1]} == "sgd: wrong answer: serial batched"* ]] || false
    twin averaging.py 's/^def shuffle(order, state):/SEEN = []\n\n\n&/' \
        's/^    for i in range(len(order) - 1/    state += len(SEEN)\n    SEEN.append(1)\n&/'
    run -1 limited "$PY" "$twin/sgd.py"
    [[ $output == *"sgd.py: cython: the answer is not the same in every run"* ]] || false
    run -1 limited build/sgd -t 64 -e 1
    [ "${lines[-1]}" = "sgd: wrong answer: openmp bfloat16-openmp" ]
    [[ $output == *"sgd: openmp: not yet within 0.1%: choose a larger -e than 1, or another -p"* ]] || false
}

@test "a damaged file is refused by C and by Python in the same line, and C refuses one file too many" {
    with_modules "
import pathlib, struct
good = pathlib.Path('build/flights.bin').read_bytes()
put = lambda at, format, value: good[:at] + struct.pack(format, value) + good[at + struct.calcsize(format):]
nan = float('nan')
for name, content in {
    'empty': b'', 'short': good[:20], 'truncated': good[:-4], 'half': good[:len(good) // 2],
    'long': good + b'x', 'text': b'hello' * 99, 'none': put(8, '<I', 0), 'rows': put(8, '<I', 511),
    'many': put(8, '<I', 2**32 - 512), 'features': put(16, '<I', 31), 'big-endian': put(16, '>I', 32),
    'optimum': put(32, '<d', nan), 'lambda': put(24, '<d', -1.0), 'row': put(64 + 4 * 167, '<f', nan),
    'label': put(len(good) - 4, '<f', float('inf')),
}.items():
    pathlib.Path('$BATS_TEST_TMPDIR', name).write_bytes(content)"
    for fault in {empty,short,text}:'not a flights file' {truncated,half,long,many}:'its length does not fit' \
        {none,rows,optimum,lambda}:'its header is damaged' \
        {features,big-endian}:'its rows have ' \
        {row,label}:'a number in it is not finite' missing:'No such file or directory'; do
        file=$BATS_TEST_TMPDIR/${fault%%:*}
        run -2 limited build/sgd "$file"
        [ "${#lines[@]}" -eq 1 ]
        [[ $output == "sgd: $file: ${fault#*:}"* ]] || false
        said=${output#sgd: }
        run -2 limited "$PY" sgd.py "$file"
        [ "$output" = "sgd.py: $said" ]
    done
    run -2 limited build/sgd build/flights.bin more.bin
    [ "$output" = "sgd: 'more.bin' is one file too many; see --help" ]
    run -2 limited "$PY" flights.py build
    [ "$output" = 'flights.py: build: expected the name of a file' ]
}

@test "arrays that do not fit are refused before any work, and stay as they were" {
    with_modules "
import sgd_cython
rows = np.ones((1024, 32), np.float32); labels = np.ones(1024, np.float32)
order = np.arange(2, dtype=np.uint32); w = np.full(32, 0.25, np.float32); total = np.full(32, 8, np.float32)
readonly = w.copy(); readonly.flags.writeable = False
good = dict(rows=rows, labels=labels, order=order, step=0.1, shrink=1, weights=w, total=total)
def refused(kind, **bad):
    try: sgd_cython.train_part(**{**good, **bad})
    except kind: pass
    else: raise AssertionError(bad)
    assert (w == 0.25).all() and (total == 8).all() and (readonly == 0.25).all()
refused(ValueError, rows=rows[:, :31].copy()); refused(ValueError, rows=rows[:, ::2])
refused(ValueError, rows=rows.astype(float)); refused(ValueError, labels=labels[1:])
refused(ValueError, order=np.array([0, 2], np.uint32)); refused(ValueError, order=np.arange(2))
refused(ValueError, order=order[:0]); refused(ValueError, rows=rows[:0], labels=labels[:0])
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
}

