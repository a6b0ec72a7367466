# Loaded by every test.bats: where things are, and how to run what may hang.
# The working directory of a test is its chapter.
# shellcheck shell=bash disable=SC2154 # Bats sets status, output and lines

PY=../.venv/bin/python
export PY

# The compiler that made build/; CC may be several words ("ccache gcc").
compile() { ${CC:-cc} "$@"; }

# probed NAME: what tools/openmp.sh found out, OPENMP (yes or no), OPENMP_CFLAGS or OPENMP_LIBS.
probed() { sed -n "s/^$1 := //p" ../tools/build/openmp.mk; }

# The same with OpenMP.
compile_openmp() {
    # shellcheck disable=SC2046 # words of flags
    compile $(probed OPENMP_CFLAGS) "$@" $(probed OPENMP_LIBS) -lm
}

# limited COMMAND ...: end what hangs (BATS_TEST_TIMEOUT does not stop what `run` started).
# Nothing here takes more than seconds; the rest is for a machine that is busy with other things.
limited() {
    if command -v timeout >/dev/null; then timeout -k 5 300 "$@"; else "$@"; fi
}

# column NAME VERSION: one cell of the table in $output.
column() {
    awk -v name="$1" -v version="$2" '
        $1 == "version" { for (i = 1; i <= NF; i++) if ($i == name) at = i }
        at && $1 == version { print $at; exit }' <<<"$output"
}

# refuses OPTION VALUE COMMAND ...: exit 2 and one line that names option, value and range.
refuses() {
    local option=$1 value=$2
    shift 2
    run limited "$@" "$option" "$value"
    [ "$status" -eq 2 ] && [ "${#lines[@]}" -eq 1 ] || return 1
    [[ $output == *"$option"*"'$value'"*"expected a whole number from 1 to "* ]]
}

# rows_are_well_formed: a title, a header, and rows of as many words as the header has.
rows_are_well_formed() {
    awk '
        $1 == "version" { n = NF; ok = ($2 $3 $4 $5 $6 == "threadsanswersecondsspeedupbusy"); next }
        n && NF == 0 { exit }
        n && NF != n { bad = 1 }
        n { rows++ }
        END { exit !(ok && rows && !bad) }' <<<"$output"
}

gil_is_on() { "$PY" -c 'import sys; sys.exit(not getattr(sys, "_is_gil_enabled", lambda: True)())'; }
