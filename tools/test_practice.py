"""Hints, watching, starting anew, and how far a reader is; all in a chapter that is made up."""

import signal
import subprocess
import sys
import time

import practice
import pytest
from test_exercise import BEGUN, check

PROGRAM = sys.executable, practice.__file__
RIGHT = BEGUN * 2
HINTS = "".join(f"<details><summary>Hint {n}</summary>\ndo {n}\n</details>\n" for n in "123")


@pytest.fixture
def chapter(tmp_path):
    """Return a chapter with an exercise that is begun."""
    chapter = tmp_path / "02-made-up"
    assert check(chapter)[0] == 1
    (chapter / "exercise/README.md").write_text(HINTS)
    return chapter


def type_in(chapter, *words):
    done = subprocess.run(
        [*PROGRAM, *words], cwd=chapter, check=True, capture_output=True, text=True
    )
    return done.stdout


def state(chapter):
    return type_in(chapter, "progress", ".").splitlines()[1].split()


def test_hints_come_one_at_a_time(chapter):
    said = [type_in(chapter, "hint", ".") for _ in range(4)]
    assert [[n for n in "123" if f"do {n}" in text] for text in said] == [["1"], ["2"], ["3"], []]
    assert state(chapter)[-1] == "3"


def test_what_has_passed_counts_until_it_is_changed(chapter):
    assert state(chapter) == [chapter.name, "-", "begun"]
    code, said = check(chapter, RIGHT + "a = 1\n")
    assert code == 0 and "-a = 1" in said.splitlines()
    assert state(chapter)[2] == "right"
    (chapter / "exercise/mine.py").write_text(RIGHT)
    assert state(chapter)[2] == "begun"
    assert type_in(chapter, "solution", ".") == ""  # there is no difference
    saves_itself = RIGHT + "open(sys.argv[0], 'a').write('#')\n"  # while it is checked
    assert check(chapter, saves_itself)[0] == 0 and state(chapter)[2] == "begun"


def test_a_fresh_start_loses_nothing(chapter):
    mine, starter = chapter / "exercise/mine.py", chapter / "exercise/starter.py"
    type_in(chapter, "hint", ".")
    for text in "first", "second":
        mine.write_text(text)
        type_in(chapter, "reset", ".")
        assert mine.read_text() == starter.read_text()
    assert [mine.with_stem(f"mine-{n}").read_text() for n in (1, 2)] == ["first", "second"]
    assert state(chapter) == [chapter.name, "-", "begun"]


@pytest.mark.parametrize("ends", ["right", "Ctrl-C"])
def test_each_save_is_checked_until_all_is_right(chapter, ends):
    mine = chapter / "exercise/mine.py"
    words = {"cwd": chapter, "stdout": -1, "stderr": -1, "text": True}
    with subprocess.Popen([*PROGRAM, "watch", "."], **words) as watch:
        while "next save" not in watch.stdout.readline():
            assert watch.poll() is None
        if ends == "right":
            mine.rename(mine.with_suffix(".old"))  # as some editors do
            time.sleep(1)
            mine.with_suffix(".new").write_text(RIGHT)
            mine.with_suffix(".new").rename(mine)
        else:
            watch.send_signal(signal.SIGINT)
        output, errors = watch.communicate(timeout=60)
    assert watch.returncode == (0 if ends == "right" else -signal.SIGINT), output + errors
    assert errors == ""
