"""Do the pages say what is so? Links, code, commands and tables, held against the files."""

import re
from functools import cache
from pathlib import Path

import page
import pytest
import results
from test_programs import ROOT, help_of, run, start

CHAPTERS = sorted(ROOT.glob("0*/README.md"))
PAGES = [
    f for kind in ("README.md", "0*/**/README.md", "guide/*.md") for f in sorted(ROOT.glob(kind))
]
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
    files = [f for kind in ("*.[ch]", "*.py", "*.pyx") for x in folders for f in x.glob(kind)]
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


def tables_of(path):
    """Return (its settings, the lines, the remark below) of each table of a chapter's page."""
    settings = results.settings(path.parent)
    for found in page.MARKED.finditer(path.read_text()):
        if found["kind"] == "table":
            lines = found[0].partition("<!-- end -->")[0].splitlines()[1:]
            yield settings[found["name"]], lines, found["remark"]


@each_chapter
def test_tables_fit_and_have_the_columns_that_their_remarks_name(path):
    every = results.settings(path.parent).values()
    known = {column for table in every for column in table.get("columns", "").split()}
    for table, lines, remark in tables_of(path):
        assert lines and max(map(len, lines)) <= 80
        named = known & set(re.findall(r"`([^`]+)`", remark))
        assert named <= {*table.get("columns", "").split(), *" ".join(lines).split()}, remark


@each_chapter
def test_published_rows_had_their_cores(path):
    for table, lines, _ in tables_of(path):
        busy, header = {}, []
        for words in filter(None, map(str.split, lines)):
            header = words if words[0] == "version" else header
            cell = dict(zip(header, words, strict=False)).get("busy", "")
            if re.match(r"[0-9.]+$", cell):
                busy[words[0]] = max(float(cell), busy.get(words[0], 0))
        for name in table.get("cores", ()):  # all have two threads
            assert busy[name.rpartition("/")[2]] >= 2 * results.ENOUGH, name
