"""The test runner."""

import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).parent
SKIP = '@test "c" {\n skip "no"\n}\n'
BATS = '@test "a" {\n true\n}\n@test "b" {\n false\n}\n' + SKIP
PYTEST = "import pytest\ndef test_a(): 0\ndef test_b(): 1 / 0\ndef test_c(): pytest.skip('no')\n"


@pytest.mark.parametrize(
    ("texts", "last"),
    [
        ({"a/a.bats": BATS, "test_a.py": PYTEST}, "2 passed, 2 failed, 2 skipped"),
        ({"a.bats": "# none", "test_a.py": "import missing"}, "0 passed, 2 failed, 0 skipped"),
        ({"a.bats": SKIP}, "0 passed, 0 failed, 1 skipped"),
    ],
)
def test_what_fails_or_runs_nothing_is_no_pass(tmp_path, texts, last):
    (tmp_path / "a").mkdir()
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    command = [sys.executable, TOOLS / "test.py", tmp_path]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, last)
