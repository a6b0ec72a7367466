"""Each mistake shows itself; one that does not, and a fix that is none, are no success."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ENDS = {file.stem: 0 for file in HERE.glob("*.pyx")} | {"no_such_mistake": 2}
STUB = '# A stub.\n# expected "bad"\ndef broken(): return {}\ndef fixed(): return {}\n'


@pytest.mark.parametrize(("name", "code"), ENDS.items())
def test_ends(name, code, folder=HERE):
    assert subprocess.run([sys.executable, folder, name], check=False).returncode == code


@pytest.mark.parametrize("pair", [("'good'", "'good'"), ("'bad'", "'bad'"), ("'bad'", "1 / 0")])
def test_not_shown_and_not_compiled(pair, tmp_path, monkeypatch):
    (tmp_path / "__main__.py").symlink_to(HERE / "__main__.py")
    (tmp_path / "stub.pyx").write_text(STUB.format(*pair) + "def observe(f): return f()\n")
    test_ends("stub", 1, tmp_path)
    monkeypatch.setenv("CC", "/nowhere/cc")
    test_ends("stub", 2, tmp_path)
