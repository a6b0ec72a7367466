"""What measure.py keeps of the programs that it runs, and what comes into a page."""

import re
import subprocess
import sys
from pathlib import Path

import machine
import measure
import publish
import pyperf
import pytest
import results
from rich.console import Console

TOOLS = Path(__file__).parent
TABLES = """
[a]
programs.cat = "cat program.txt"
columns = "threads seconds ± speedup busy shares"
cores = ["cat/two"]
summary = ["cat/two", "fast"]
[b]
programs.strip = "printf 'a strip\\\\n'"
"""
PAGE = """before
<!-- table: a -->
<!-- end -->

> Look at `shares` and
> [this](that).

<!-- table: b -->
old
<!-- end -->
after
"""


def output(seconds, busy="2.00", answer=42):
    rows = f"one 1 {answer} 1.0 1 1.00 100%\ntwo 2 {answer} {seconds} 9.99 {busy} 50%|50%\n"
    return f"an example\nversion threads answer seconds speedup busy shares\n{rows}\na note\n"


@pytest.fixture
def chapter(tmp_path, monkeypatch):
    """A chapter with two tables, in two threads on two cores."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(machine, "usable_cpus", lambda: 2)
    monkeypatch.setattr(machine, "commit", lambda: "0123456")
    Path("tables.toml").write_text(TABLES)
    Path("README.md").write_text(PAGE)
    Path("program.txt").write_text(output(0.25))


def shown(name="a"):
    """Return what the terminal shows of a table."""
    console = Console(width=80, height=25, force_terminal=False)
    with console.capture() as captured:
        results.show(console, Path(), name)
    return captured.get()


def runs(monkeypatch, *outputs):
    """Measure the table once, while its program prints these outputs in turn."""
    left = iter(outputs)
    monkeypatch.setattr(measure, "run_once", lambda command: next(left))
    measure.measure("a", 0)


@pytest.mark.usefixtures("chapter")
class Test:
    def test_the_fastest_run_counts_and_all_are_kept(self, monkeypatch):
        runs(monkeypatch, output(0.5), output(0.25))
        assert re.search(r"two +2 +0\.2500 +50% +4\.00 +2\.00 +50%\|50% *\n\na note\n$", shown())
        two = pyperf.BenchmarkSuite.load("build/a.json").get_benchmarks()[1]
        assert two.get_values() == (0.5, 0.25)
        assert max(map(len, shown().splitlines())) <= 80  # nor is it filled up with spaces
        assert {"machine", "commit", "cpu_model_name", "date"} <= two.get_metadata().keys()

    def test_a_run_without_its_cores_counts_only_if_there_is_no_other(self, monkeypatch):
        runs(monkeypatch, output(0.2, "1.00"), output(0.5))
        assert "0.5000" in shown() and "cat/two" not in shown()
        runs(monkeypatch, output(0.2, "1.00"), output(0.5, "1.00"))
        assert "0.2000" in shown() and shown().endswith("cat/two\n")

    def test_an_answer_that_changes_ends_the_table(self, monkeypatch):
        with pytest.raises(measure.Failed, match="cat/one: the answer changes"):
            runs(monkeypatch, output(0.5), output(0.5, answer=43))
        assert not Path("build/a.json").exists()

    @pytest.mark.parametrize("text", ["", "nothing\n", "version threads answer\none 1 42\n"])
    def test_a_program_without_rows_fails_in_one_line(self, text):
        Path("program.txt").write_text(text)
        command = [sys.executable, TOOLS / "measure.py", "a", "b"]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
        assert done.stdout.startswith("a strip\n")  # the other table is measured all the same

    def test_pages_get_their_tables_and_nothing_else_changes(self, monkeypatch):
        monkeypatch.setattr(sys, "argv", ["publish.py", "README.md"])
        monkeypatch.setattr(publish, "make", lambda folder, target: None)
        with pytest.raises(SystemExit):  # nothing is measured
            publish.main()
        assert Path("README.md").read_text() == PAGE
        tries = iter(["1.00"] * 2 + ["2.00"] * 2)  # at first without its cores
        monkeypatch.setattr(measure, "run_once", lambda command: output(0.25, next(tries, "2.00")))
        monkeypatch.setattr(publish, "make", lambda folder, target: measure.measure(target[-1], 0))
        publish.main()
        monkeypatch.setattr(machine, "commit", lambda: "0123456+")
        with pytest.raises(SystemExit):  # nobody could say which code it was
            publish.main()
        text = Path("README.md").read_text()
        assert re.sub("```text.*?```\n", "", text, flags=re.DOTALL) == PAGE.replace("old\n", "")
        assert re.search(r"^two +2 +0\.2500 .* 2\.00 ", text, re.MULTILINE) and "old" not in text
