# shellcheck shell=bash disable=SC2154 # Bats sets output, lines and status
# grain.py: rows, picture, sentences. Nothing here depends on speed.
load ../tools/helper

setup() {
    cd "$BATS_TEST_DIRNAME" || return 1
    picture=$BATS_TEST_TMPDIR/grain.svg
}

# passes CODE: run Python code that has grain, counter and made-up rows; sys.argv[1] is the picture.
passes() {
    run limited "$PY" -c '
import sys
sys.path[:0] = [".", "build"]
import counter, grain

# Rows with these speed-ups, as measure() returns them; every thread had a core of its own.
def rows(*speedups, busy=2.0):
    return {g: {"speedup": s, "held": 1.0, "busy": busy} for g, s in zip(grain.GRAINS, speedups)}

usual = rows(0.4, 0.4, 0.5, 1.5, 1.8, 1.85, 1.89, 1.95, 1.98, 2.0, 2.0)
'"$1" "$picture"
    [ "$status" -eq 0 ]
}

@test "grain.py prints a row for every grain, and each did the same work" {
    run -0 limited "$PY" -X dev -W error grain.py -r 1 -t 3 -o "$picture"
    table=$(sed '1,2d;/^$/,$d' <<<"$output")
    [ "$(awk '{ print $1 }' <<<"$table" | xargs)" = '50ns 100ns 200ns 500ns 1us 2us 5us 20us 100us 1ms 10ms' ]
    [ "$(awk '{ print $2, $3 }' <<<"$table" | sort -u | wc -l)" -eq 1 ]
    [ "$(awk '$2 != 3 || $7 < 1 || $7 > 3' <<<"$table")" = '' ]
    grep -qE '^a release and retake, when nobody else wants the GIL: [0-9]+ ns$' <<<"$output"
}

@test "grain.py gives no verdict on one core" {
    run -0 on_one_core "$PY" grain.py -r 1 -o "$picture"
    ! command -v taskset >/dev/null || grep -q '^no verdict: ' <<<"$output"
}

@test "the picture has its labels as text, and a break-even where there is one" {
    passes '
import xml.etree.ElementTree as tree

def texts(*how):
    grain.draw(*how, sys.argv[1])
    elements = tree.parse(sys.argv[1]).iter()
    return {"".join(e.itertext()).strip() for e in elements if e.tag.endswith("}text")}

usual_texts = texts(usual, 2)
assert {"work in one call", "speed-up: 2 threads against one", "released", "held", "1us"} <= usual_texts
assert "break-even: about 320ns" in usual_texts
for how in (rows(*[1.5] * 11), 2), (rows(0.5, *[1.5] * 10, busy=0.4), 2):
    assert not any(text.startswith("break-even") for text in texts(*how))'
}

@test "a picture that cannot be written ends grain.py with one line" {
    picture=$BATS_TEST_TMPDIR/missing/grain.svg
    passes 'grain.draw(usual, 2, sys.argv[1])' || true
    [ "$status" -eq 2 ]
    [[ $output == *": -o '$picture': No such file or directory" ]] || false
}

@test "the sentences of grain.py follow from the rows" {
    passes '
def says(rows):
    return grain.verdict(rows, 2)

assert grain.break_even(rows(*[0.5] * 3, *[1.5] * 8)) == 200 * 2.5**0.5
assert grain.break_even(rows(*[0.5] * 11)) is grain.break_even(rows(*[1.5] * 11)) is None
assert grain.break_even(rows(0.5, *[1.0] * 10)) == 100
for text in "about 320ns of work a call", "2 threads that release", "1.9x or more is first reached at 20us":
    assert text in says(usual), says(usual)
assert "even 50ns of work" in says(rows(*[1.95] * 11)) and "first reached at 50ns" in says(rows(*[1.95] * 11))
assert "the most they won is 1.80x, at 500ns" in says(rows(0.5, 1.2, 1.2, 1.8, *[1.7] * 7))
assert "no break-even" in says(rows(*[0.9] * 11))
assert says(rows(0.5, *[3.9] * 10, busy=0.4)).startswith("no verdict: these 2 threads had 0.4 cores")
names = [grain.name_of(ns) for ns in (50, 316.2, 1000, 1549, 20_000, 10**7)]
assert names == ["50ns", "320ns", "1us", "1.5us", "20us", "10ms"], names'
}

@test "release_and_retake lets another thread in, and declared does not" {
    gil_is_on || skip "this interpreter has no GIL"
    # Nobody is made to give the GIL away within 1000 s: who gets it was let in.
    passes '
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
}
