"""What measure.py keeps of the programs that it runs, and what comes into a page."""

import re
from pathlib import Path

import cpus
import machine
import measure
import publish
import pyperf
import pytest

TABLES = """
[a]
programs.cat = "cat program.txt"
columns = "threads seconds ± speedup busy shares"
cores = ["cat/two"]
words."cat/one" = "slow"
words."cat/two" = "fast"
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


def output(seconds, busy="2.00"):
    rows = f"one 1 42 1.0 1 1.00 100%\ntwo 2 42 {seconds} 9.99 {busy} 50%|50%\n"
    return f"an example\nversion threads answer seconds speedup busy shares\n{rows}\na note\n"


@pytest.fixture(autouse=True)
def chapter(tmp_path, monkeypatch):
    """A chapter with two tables, in two threads on two cores."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(machine, "usable_cpus", lambda: 2)
    monkeypatch.setattr(machine, "commit", lambda: "0123456")
    monkeypatch.setenv("BUDGET", "0")
    Path("tables.toml").write_text(TABLES)
    Path("README.md").write_text(PAGE)
    Path("program.txt").write_text(output(0.25))


def measured(monkeypatch, *outputs):
    """Measure the table while its program prints these outputs; return what is shown of it."""
    left = iter(outputs)
    monkeypatch.setattr(measure, "run_once", lambda command: next(left))
    measure.measure("a", 0)
    return publish.block("table", Path("a"))


def test_the_fastest_run_counts_and_all_are_kept(monkeypatch):
    shown = measured(monkeypatch, output(0.5), output(0.25))
    assert re.search(r"^one +slow +1\.00.*\ntwo +fast +4\.00 +4\.00", shown, re.MULTILINE)
    assert re.search(r"two +2 +0\.2500 +50% +4\.00 +2\.00 +50%\|50%\n\na note\n```\n$", shown)
    two = pyperf.BenchmarkSuite.load("build/a.json").get_benchmarks()[1]
    assert two.get_values() == (0.5, 0.25)
    assert {"machine", "commit", "cpu_model_name", "date"} <= two.get_metadata().keys()


def test_a_run_without_its_cores_counts_only_if_there_is_no_other(monkeypatch):
    shown = measured(monkeypatch, output(0.2, "1.00"), output(0.5))
    assert "0.5000" in shown and "cat/two" not in shown
    shown = measured(monkeypatch, output(0.2, "1.00"), output(0.5, "1.00"))
    assert "0.2000" in shown and "cat/two did not have a core" in shown


@pytest.mark.parametrize("text", ["", "nothing\n", "version threads answer\none 1 42\n"])
def test_a_program_without_rows_fails_in_one_line(monkeypatch, capfd, text):
    Path("program.txt").write_text(text)
    monkeypatch.setattr("sys.argv", ["measure.py", "a", "b"])
    with pytest.raises(SystemExit, match="True"):
        measure.main()
    shown, errors = capfd.readouterr()
    assert len(errors.splitlines()) == 1 and not Path("build/a.json").exists()
    assert shown.startswith("a strip\n")  # the other table is measured all the same


def test_pages_get_their_tables_and_nothing_else_changes(monkeypatch):
    monkeypatch.setattr("sys.argv", ["publish.py", "README.md"])
    monkeypatch.setattr(publish, "make", lambda table: None)
    with pytest.raises(SystemExit):  # nothing is measured
        publish.main()
    assert Path("README.md").read_text() == PAGE
    tries = iter(["1.00"] * 2 + ["2.00"] * 2)  # at first without its cores
    monkeypatch.setattr(measure, "run_once", lambda command: output(0.25, next(tries, "2.00")))
    monkeypatch.setattr(publish, "make", lambda table: measure.measure(table.name, 0))
    publish.main()
    monkeypatch.setattr(machine, "commit", lambda: "0123456+")
    with pytest.raises(SystemExit):  # nobody could say which code it was
        publish.main()
    text = Path("README.md").read_text()
    assert re.sub("```text.*?```\n", "", text, flags=re.DOTALL) == PAGE.replace("old\n", "")
    assert re.search(r"^two +2 +0\.2500 .* 2\.00 ", text, re.MULTILINE) and "old" not in text


def test_quotas_of_cgroups_count_in_both_versions_and_below_a_slice():
    for file, text in {
        "own": "0::/a.slice/b\n3:cpuacct,cpu:/docker\n",
        "a.slice/b/cpu.max": "max 100000\n",
        "a.slice/cpu.max": "150000 100000\n",
        "cpu/docker/cpu.cfs_quota_us": "300000\n",
        "cpu/docker/cpu.cfs_period_us": "100000\n",
    }.items():
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text(text)
    assert list(cpus.quotas(Path("own"), Path())) == [2, 3]
