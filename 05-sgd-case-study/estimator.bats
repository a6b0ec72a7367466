# shellcheck shell=bash disable=SC2154 # Bats sets output, lines and status
# The package local_sgd: its own tests, the C program's answer, an installation, ThreadSanitizer.
load ../tools/helper
load ../tools/clang

setup() {
    cd "$BATS_TEST_DIRNAME" || return
    needs_openmp
    "$PY" -c 'import sklearn' 2>/dev/null || skip 'scikit-learn is not installed (make peers)'
    make -s build/estimator
}

@test "the estimator passes its own tests, and scikit-learn's" {
    PYTHONPATH=build run -0 limited "$PY" -W ignore local_sgd/tests/test_classifier.py
    [[ ${lines[-1]} == OK* ]]
}

@test "the estimator gives the answer of build/sgd for the same seed" {
    run -0 limited build/sgd -s 7 -t 2
    for version in prefetched openmp; do
        expected+=("$(column gap "$version")")
    done
    PYTHONPATH=build run -0 limited "$PY" -c "
import flights_file
from local_sgd import LocalSGDClassifier
f = flights_file.load('build/flights.bin')
for threads in 1, 2:
    model = LocalSGDClassifier(n_jobs=threads, eta0=0.01, max_iter=1, tol=None, random_state=7, fit_intercept=False)
    model.fit(f.rows[:f.train], f.labels[:f.train])
    print(f'{flights_file.objective(f, model.coef_[0]) / f.optimum - 1:.4%}')"
    [ "${lines[*]}" = "${expected[*]}" ]
}

@test "the package is installed from its source, and built without OpenMP where there is none" {
    "$PY" -m venv --without-pip "$BATS_TEST_TMPDIR/venv"
    site=$("$BATS_TEST_TMPDIR/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    "$PY" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' >"$site/base.pth"
    cp -RL local_sgd "$BATS_TEST_TMPDIR/package"
    with=$(probed OPENMP_CFLAGS) libraries=$(probed OPENMP_LIBS)
    cd "$BATS_TEST_TMPDIR/package"
    run -0 limited "$PY" setup.py -q sdist --dist-dir "$BATS_TEST_TMPDIR"
    cd "$BATS_TEST_TMPDIR"
    for flags in "$with" -fno-such-flag; do
        # -O1: it is not to be fast here.
        CFLAGS=-O1 OPENMP_CFLAGS=$flags OPENMP_LIBS=$libraries run -0 limited \
            venv/bin/python -m pip install -q --no-deps --no-index --no-build-isolation \
            --no-cache-dir --force-reinstall local_sgd-1.0.tar.gz
        run -0 limited venv/bin/python -W ignore package/tests/test_classifier.py -k Answers
        [[ ${lines[-1]} == OK* ]] || false
        parallel+=("$(nm "$site"/local_sgd/_kernel*.so | grep -cE 'GOMP_parallel|kmpc_fork_call' || true)")
    done
    [ "${parallel[0]}" -ge 1 ]
    [ "${parallel[1]}" -eq 0 ]
}

@test "ThreadSanitizer sees no data race while two threads fit" {
    needs_sanitizer
    twin=$BATS_TEST_TMPDIR/twin
    cp -RL local_sgd "$twin"
    fit() {
        sanitized_extension <<'PY'
import sys
sys.path.insert(0, sys.argv[1])
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from local_sgd import LocalSGDClassifier
X = np.random.default_rng(0).standard_normal((3000, 16), dtype=np.float32)
y = (X[:, 0] > 0).astype(int)
with ThreadPoolExecutor(2) as pool:
    models = list(pool.map(lambda seed: LocalSGDClassifier(n_jobs=2, random_state=seed).fit(X, y), (1, 1)))
assert models[0].coef_.tobytes() == models[1].coef_.tobytes()
PY
    }
    fit
    [ "$status" -eq 0 ]
    edit "$twin/src/local_sgd/_kernel.pyx" 's/workers\[t, /workers[0, /'
    fit
    [[ $output == *'WARNING: ThreadSanitizer: data race'* ]]
}

@test "who_releases.py says that fit releases the GIL, as the package's README has it" {
    command=$(sed -n '/^python 03/,/^```/p' local_sgd/README.md | grep -v '```')
    [ -n "$command" ]
    cd ..
    PATH=$(dirname "$PY"):$PATH PYTHONPATH=$BATS_TEST_DIRNAME/build run -0 limited bash -c "$command"
    [[ $output == 'releases it'* ]]
}
