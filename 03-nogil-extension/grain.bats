# shellcheck shell=bash disable=SC2154 # Bats sets output, lines and status
# grain.py: rows, picture, sentences, wrong input, wrong twins. Nothing here depends on speed.
load ../tools/helper

setup() {
    cd "$BATS_TEST_DIRNAME" || return 1
    picture=$BATS_TEST_TMPDIR/grain.svg
    # Rows with these speed-ups, as measure() returns them; every thread had a core of its own.
    made_up='
import sys
sys.path[:0] = [".", "build"]
import counter, grain

def rows(*speedups, busy=2.0):
    return {g: {"speedup": s, "held": 1.0, "busy": busy} for g, s in zip(grain.GRAINS, speedups)}

usual = rows(0.4, 0.4, 0.5, 1.5, 1.8, 1.85, 1.89, 1.95, 1.98, 2.0, 2.0)
'
}

# Put a module counter in front of the real one, in which a function loses a step.
losing() { # losing FUNCTION
    mkdir -p "$BATS_TEST_TMPDIR/build"
    rm -rf "$BATS_TEST_TMPDIR/build/__pycache__" # Python would take bytecode of the same second
    cp grain.py "$BATS_TEST_TMPDIR"
    cat >"$BATS_TEST_TMPDIR/build/counter.py" <<END
import importlib.util, pathlib
(path,) = pathlib.Path("$PWD/build").glob("counter.*.so")
spec = importlib.util.spec_from_file_location("counter", path)
real = importlib.util.module_from_spec(spec)
spec.loader.exec_module(real)
globals().update(vars(real))

def $1(n):
    return real.$1(n - 1)
END
}

@test "grain.py prints a row for every grain, and each did the same work" {
    run limited "$PY" grain.py -r 1 -t 3 -o "$picture"
    echo "$output"
    [ "$status" -eq 0 ]
    rows_are_well_formed
    table=$(sed '1,2d;/^$/,$d' <<<"$output")
    [ "$(awk '{ print $1 }' <<<"$table" | xargs)" = '50ns 100ns 200ns 500ns 1us 2us 5us 20us 100us 1ms 10ms' ]
    [ "$(awk '{ print $2, $3 }' <<<"$table" | sort -u | wc -l)" -eq 1 ]
    [ "$(awk '$2 != 3 || $7 < 1 || $7 > 3' <<<"$table")" = '' ]
    [[ ${lines[1]} == *'  0......1............3' ]] || false
    grep -qE '^a release and retake, when nobody else wants the GIL: [0-9]+ ns$' <<<"$output"
    # The picture is whole, well-formed, and its text is text.
    [ "$(echo "$BATS_TEST_TMPDIR"/grain.svg*)" = "$picture" ]
    run limited "$PY" -c '
import sys, xml.etree.ElementTree as tree
texts = {"".join(e.itertext()).strip() for e in tree.parse(sys.argv[1]).iter() if e.tag.endswith("}text")}
wanted = {"work in one call", "speed-up: 3 threads against one", "released", "held", "1us", "10ms"}
assert wanted <= texts, texts' "$picture"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "grain.py works on one core, and then gives no verdict" {
    mkdir "$BATS_TEST_TMPDIR/without"
    echo 'raise ImportError("No module named matplotlib")' >"$BATS_TEST_TMPDIR/without/matplotlib.py"
    export PYTHONPATH=$BATS_TEST_TMPDIR/without
    on_one_core "$PY" -X dev -W error grain.py -r 1 -o "$picture" \
        >"$BATS_TEST_TMPDIR/output" 2>"$BATS_TEST_TMPDIR/complaints"
    cat "$BATS_TEST_TMPDIR/output" "$BATS_TEST_TMPDIR/complaints"
    if command -v taskset >/dev/null; then grep -q '^no verdict: ' "$BATS_TEST_TMPDIR/output"; fi
    # Without Matplotlib one line says so, and only the picture is missing.
    [ "$(cat "$BATS_TEST_TMPDIR/complaints")" = 'grain.py: No module named matplotlib, so there is no picture' ]
    [ ! -e "$picture" ]
}

@test "the same numbers give the same picture, with or without a break-even" {
    run limited "$PY" -c "$made_up"'
assert grain.picture(usual, 2) == grain.picture(usual, 2)
assert "break-even: about 320ns" in grain.picture(usual, 2)
assert "break-even" not in grain.picture(rows(*[1.5] * 11), 2)
assert "break-even" not in grain.picture(rows(0.5, *[1.5] * 10, busy=0.4), 2)'
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "the sentences of grain.py follow from the rows" {
    run limited "$PY" -c "$made_up"'
def says(rows, threads=2):
    return grain.verdict(rows, threads)

assert grain.break_even(rows(*[0.5] * 3, *[1.5] * 8)) == 200 * 2.5**0.5
assert grain.break_even(rows(*[0.5] * 11)) is grain.break_even(rows(*[1.5] * 11)) is None
assert grain.break_even(rows(0.5, *[1.0] * 10)) == 100
for text in "about 320ns of work a call", "2 threads that release are slower", "1.9x or more is first reached at 20us":
    assert text in says(usual), says(usual)
assert "even 50ns of work" in says(rows(*[1.95] * 11)) and "first reached at 50ns" in says(rows(*[1.95] * 11))
assert "the most they won is 1.80x, at 500ns" in says(rows(0.5, 1.2, 1.2, 1.8, *[1.7] * 7))
assert "no break-even" in says(rows(*[0.9] * 11))
assert says(rows(0.5, *[3.9] * 10, busy=0.4)).startswith("no verdict: these 2 threads had 0.4 cores")
names = [grain.name_of(ns) for ns in (50, 316.2, 1000, 1549, 20_000, 10**7)]
assert names == ["50ns", "320ns", "1us", "1.5us", "20us", "10ms"], names'
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "release_and_retake counts, and refuses wrong arguments" {
    run limited "$PY" -c "$made_up"'
f = counter.release_and_retake
assert f(-1) == f(0) == 0 and f(1) == 1 and f(100_000) == 100_000
cases = [(args, TypeError) for args in ((), (1, 2), (1.0,), ("7",), (None,))]
cases += [((n,), OverflowError) for n in (2**63, 2**64, -(2**64))]
for args, expected in cases:
    try:
        f(*args)
    except expected:
        continue
    raise AssertionError(args)'
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "release_and_retake lets another thread in, and declared does not" {
    gil_is_on || skip "this interpreter has no GIL"
    # Nobody is made to give the GIL away within 1000 s: who gets it was let in.
    run limited "$PY" -c "$made_up"'
import threading, time

def lets_in(call, seconds):
    gate, came = threading.Lock(), []
    gate.acquire()
    thread = threading.Thread(target=lambda: (gate.acquire(), came.append(1)))
    sys.setswitchinterval(1000)
    thread.start()
    end = time.monotonic() + seconds
    gate.release()
    while not came and time.monotonic() < end:
        call(100_000)
    answer = bool(came)
    sys.setswitchinterval(0.005)
    thread.join()
    return answer

assert lets_in(counter.release_and_retake, 60)
assert not lets_in(counter.declared, 0.1)'
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "a wrong option of grain.py ends with one line and exit code 2" {
    for value in 0 1 -3 65 99999 abc '' 2.5; do
        refuses -t "$value" "$PY" grain.py
    done
    for value in 0 101 -1 1e99 ''; do
        refuses -r "$value" "$PY" grain.py
    done
    # Where the picture cannot be written, nothing is left behind.
    run limited "$PY" -c "$made_up"'
import pathlib
grain.write(pathlib.Path(sys.argv[1]), "text")' "$BATS_TEST_TMPDIR/missing/grain.svg"
    echo "$output"
    [ "$status" -eq 2 ]
    [ "$output" = "grain.py: -o '$BATS_TEST_TMPDIR/missing/grain.svg': No such file or directory" ]
    mkdir "$picture"
    run limited "$PY" -c "$made_up"'
import pathlib
grain.write(pathlib.Path(sys.argv[1]), "text")' "$picture"
    [ "$status" -eq 2 ]
    [ "$(echo "$BATS_TEST_TMPDIR"/grain.svg*)" = "$picture" ]
}

@test "without a build grain.py says in one line what to type" {
    cp grain.py "$BATS_TEST_TMPDIR"
    run limited "$PY" "$BATS_TEST_TMPDIR/grain.py"
    echo "$output"
    [ "$status" -eq 2 ]
    [ "${#lines[@]}" -eq 1 ]
    grep -q '^grain.py: .*in 03-nogil-extension, type: make build$' <<<"$output"
}

@test "grain.py ends in one line where a thread cannot be started" {
    run_failing 1 grain.py -r 1 -o "$picture"
    echo "$output"
    [ "$status" -eq 1 ]
    [ "$(tail -n 1 <<<"$output")" = "grain.py: can't start new thread" ]
    [ ! -e "$picture" ]
}

@test "the check of grain.py catches a loop that loses a step" {
    for name in declared released; do
        losing "$name"
        run limited "$PY" "$BATS_TEST_TMPDIR/grain.py" -r 1 -o "$picture"
        echo "$output"
        [ "$status" -eq 1 ]
        grep -q "^grain.py: wrong answer: $name on [12] threads took [0-9]* steps, expected [0-9]*$" <<<"$output"
        [ ! -e "$picture" ]
    done
}
