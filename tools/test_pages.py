"""Do the pages say what is so? Links, code, commands and tables, held against the files."""

import os
import pty
import re
import subprocess
import sys
import termios
import time
from functools import cache
from pathlib import Path

import page
import pytest
import results
from test_programs import ROOT, help_of, run, start

KINDS = "README.md", "0*/**/README.md", "guide/*.md"
PAGES = [file for kind in KINDS for file in sorted(ROOT.glob(kind))]
CHAPTERS = [file for file in PAGES if (file.parent / "tables.toml").exists()]
MAKE = re.compile(r"(?:g?make) ([a-z]+(?:-\d)?)(?= |$)")
PROGRAM = re.compile(r"(?:(python)3? )?([\w/-]+\.py|build/\w+)((?: .*)?)$")
each_page = pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
each_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.parent.name)


@each_page
def test_links_lead_somewhere(path):
    links = re.findall(r"\]\(([^):# ]+)[)#]", path.read_text())
    assert not [link for link in links if not (path.parent / link).exists()]


def without_indents(text):
    return "\n".join(line.strip() for line in text.strip().splitlines())


@each_page
def test_code_is_in_the_files(path):
    blocks = re.findall(r"^```(?:c|cython|python)\n(.*?)^```", path.read_text(), re.M | re.S)
    inner = path.relative_to(ROOT).parts[:-1]  # none for the top page, which quotes chapters
    chapters = ROOT.glob(inner[0] if inner else "0*")
    folders = {*chapters, path.parent, ROOT / "tools"} if blocks else ()
    kinds = "*.[ch]", "*.py", "*.pyx", "mistakes/*.pyx", "rungs/*.[ch]", "more/*.py"
    files = [f for kind in kinds for folder in folders for f in folder.glob(kind)]
    code = [without_indents(file.read_text()) for file in files]
    for part in (part for block in blocks for part in re.split(r"^\s*\.\.\.\n", block, flags=re.M)):
        assert any(without_indents(part) in text for text in code), part


def commands_of(text):
    """Return the commands of a page: what stands in a block of shell, or in backticks."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)
    lines = [*"".join(blocks).splitlines(), *re.findall(r"`([^`\n]+)`", text)]
    return [command for line in lines for command in re.split(r" && |; ", line.partition(" #")[0])]


@cache
def can_make(target, folder):
    said = run("make", "-n", "-C", folder, target)
    return not re.search("there is no|No rule", said.stdout + said.stderr)


@each_page
def test_commands_work(path):
    folders = [path.parent, path.parent.parent, ROOT]
    for command in commands_of(path.read_text()):
        if found := MAKE.match(command):
            assert any(can_make(found[1], folder) for folder in folders), command
        elif (found := PROGRAM.match(command)) and (found[1] or found[3]):
            file = found[2].replace("mine.py", "starter.py")
            there = [folder / file for folder in folders if (folder / file).is_file()]
            assert there or any((folder / f"{Path(file).name}.c").is_file() for folder in folders)
            said = "".join(help_of(*start(source)) for source in there)  # "": it is not built
            options = re.findall(r"(?<!\S)(-{1,2}[a-z][a-z-]*)", found[3]) if said else ()
            assert all(option in said for option in options), command


@each_chapter
def test_each_chapter_has_one_question_with_an_answer_and_a_next_step(path):
    question, answer = page.answer_of(path.parent)
    assert question.rstrip().endswith("?") and question.count("?") <= 2 and "." in answer
    assert page.section(path.parent, "Next")


@pytest.mark.parametrize(
    ("keys", "guess", "code"),
    [
        ([b"h", b"alf\n"], "half", 0),
        ([b"\n"], "", 0),
        ([b"it", b"\4"], "it", 0),
        ([b"\3"], None, -2),
    ],
)
def test_a_guess_is_kept_and_said_again(keys, guess, code, tmp_path):
    (tmp_path / "README.md").write_text(CHAPTERS[0].read_text())
    words = sys.executable, page.__file__, "question", tmp_path
    process, terminal = pty.fork()
    if not process:
        os.environ.pop("CI", None)
        os.execv(words[0], words)
    said = b""
    while b"guess, then Enter" not in said:
        said += os.read(terminal, 9999)
    while termios.tcgetattr(terminal)[3] & termios.ICANON:  # until it waits for a key
        time.sleep(0.01)
    for some in keys:
        os.write(terminal, some)
        time.sleep(0.2)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == code
    assert termios.tcgetattr(terminal)[3] & termios.ECHO
    kept = tmp_path / "build/guess"
    assert (kept.read_text() if kept.exists() else None) == guess
    again = run(*words[:2], "next", tmp_path).stdout
    assert ("Your guess" in again) == bool(guess)


def test_nobody_is_asked_in_a_pipe(tmp_path):
    (tmp_path / "README.md").write_text(CHAPTERS[0].read_text())
    done = run(sys.executable, page.__file__, "question", tmp_path, stdin=subprocess.DEVNULL)
    assert done.returncode == 0 and (tmp_path / "build/guess").read_text() == ""


@each_chapter
def test_tables_fit_and_have_the_columns_that_their_remarks_name(path):
    tables = results.settings(path.parent)
    columns = {name: about.get("columns", "") for name, about in tables.items()}
    every = set(" ".join(columns.values()).split())
    for found in page.PLACE.finditer(path.read_text()):
        table, remark = found[0].removesuffix(found["remark"]), found["remark"]
        assert max(map(len, table.splitlines())) <= 80
        named = every & set(re.findall(r"`([^`]+)`", remark))
        assert named <= set(f"{table} {columns.get(found['name'])}".split()), remark
