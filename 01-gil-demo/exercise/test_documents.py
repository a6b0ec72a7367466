"""What the check of this exercise accepts, and the wrong ways to finish it that it refuses."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
HAS_GIL = getattr(sys, "_is_gil_enabled", lambda: True)()
HEAD = """from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from documents import fetch, fingerprint, main, parse
def work(number):
    document = fetch(number)
    return [fingerprint(document), parse(document)]
def report(numbers):
    with ThreadPoolExecutor(40) as threads, ProcessPoolExecutor(2) as processes:
        %s
if __name__ == "__main__":
    main(report)
"""
WRONG = {  # the end of report(), by the claim that does not hold
    "it runs to": "exit()",
    "every document": "return [work(0)] * len(numbers)",
    "the waits overlap": "return list(processes.map(work, numbers))",
    "fingerprints are": """documents = threads.map(fetch, numbers)
        return [[fingerprint(d), *processes.map(parse, [d])] for d in documents]""",
}
if HAS_GIL:  # without one, threads are right for everything
    WRONG["several cores parse"] = "return list(threads.map(work, numbers))"


def check(work):
    """Return the exit code of the check, and what it prints."""
    command = [sys.executable, HERE / "check.py", work]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.returncode, done.stdout


def test_the_starter_runs_and_fails_and_the_solution_passes():
    subprocess.run([sys.executable, HERE / "starter.py"], check=True)
    code, said = check(HERE / "starter.py")
    assert code == 1 and "right    every document" in said and said.count("not yet") == 3
    assert check(HERE / "solution.py")[0] == 0


@pytest.mark.parametrize("claim", WRONG)
def test_a_wrong_way_is_refused_for_its_own_reason(tmp_path, claim):
    (tmp_path / "work.py").write_text(HEAD % WRONG[claim])
    code, said = check(tmp_path / "work.py")
    assert code == 1 and f"not yet  {claim}" in said
