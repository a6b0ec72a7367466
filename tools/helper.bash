# Loaded by every test.bats: where things are, and how to run what may hang.
# The working directory of a test is its chapter.
# shellcheck shell=bash disable=SC2154,SC2046 # Bats sets status, output and lines; flags are words
bats_require_minimum_version 1.5.0 # run -CODE: fails with any other exit code

# The environment's Python, by its absolute path: CPython 3.14 warns about one with `..`.
PATH=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.venv/bin" && pwd):$PATH
PY=python
export PATH PY

# probed NAME: what tools/probe.sh found out, OPENMP (yes or no), OPENMP_CFLAGS or OPENMP_LIBS.
probed() { sed -n "s/^$1 := //p" ../tools/build/probed.mk; }
needs_openmp() { [ "$(probed OPENMP)" = yes ] || skip 'this compiler has no OpenMP (see make doctor)'; }

# With the compiler that made build/; CC may be several words ("ccache gcc").
compile() { ${CC:-cc} "$@"; }
compile_openmp() { compile $(probed OPENMP_CFLAGS) "$@" $(probed OPENMP_LIBS) -lm; }

# limited COMMAND ...: end what hangs (BATS_TEST_TIMEOUT does not stop what `run` started).
# Nothing here takes more than seconds; the rest is for a machine that is busy with other things.
limited() { timeout -k 5 300 "$@"; }

# complaint COMMAND ...: what the command writes to stderr, and its exit code.
complaint() { limited bash -c '"$@" 2>&1 >/dev/null' _ "$@"; }

# on_one_core COMMAND ...: on the first that this process may use.
on_one_core() { limited taskset -c "$(taskset -cp $$ | grep -o '[0-9]*' | sed -n 2p)" "$@"; }

# column NAME VERSION: one cell of the table in $output.
column() {
    awk -v name="$1" -v version="$2" '
        $1 == "version" { for (i = 1; i <= NF; i++) if ($i == name) at = i }
        at && $1 == version { print $at; exit }' <<<"$output"
}

# counts ANSWER VERSIONS COMMAND ...: exit 0, and the rows of these versions have this answer.
counts() {
    local version
    run -0 limited "${@:3}" || return 1
    for version in $2; do
        [ "$(column answer "$version")" = "$1" ] || return 1
    done
}

# caught VERSIONS COMMAND ...: exit 1, and at the end a line with the names of the wrong rows.
# shellcheck disable=SC2053 # the names are a pattern
caught() { run -1 limited "${@:2}" && [[ ${lines[-1]} == *": wrong answer: "$1 ]]; }

# tsan_works: does ThreadSanitizer, with this compiler, on this machine?
tsan_works() {
    local try=$BATS_TEST_TMPDIR/try
    { compile -fsanitize=thread -x c - -o "$try" <<<'int main(void) {}' && "$try"; } 2>/dev/null
}

gil_is_on() { "$PY" -c 'import bench, sys; sys.exit(not bench.has_gil())'; }
