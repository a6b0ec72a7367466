"""What measure.py keeps of the programs that it runs, and what comes into a page."""

import re
from pathlib import Path

import machine
import measure
import publish
import pyperf
import pytest
import results

TABLE = """
[a]
programs.program = "program"
columns = "threads seconds ± speedup busy shares"
cores = ["program/two"]
words = {"program/one" = "slow", "program/two" = "fast"}
"""
PAGE = "before\n<!-- table: a -->\nold\n<!-- end -->\n\n> Look at `shares`.\n"


def output(seconds, busy="2.00"):
    rows = f"one 1 42 1.0 1 1.00 100%\ntwo 2 42 {seconds} 9.99 {busy} 50%|50%\n"
    return f"an example\nversion threads answer seconds speedup busy shares\n{rows}\na note\n"


@pytest.fixture(autouse=True)
def outputs(tmp_path, monkeypatch):
    """Return a list of what the table's program prints, run after run, on a machine of two cores.

    The last output is printed again and again.
    """
    left = [output(0.25)]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(measure, "run_once", lambda _: left.pop(0) if left[1:] else left[0])
    monkeypatch.setattr(machine.loky, "cpu_count", lambda: 2)
    monkeypatch.setattr(machine, "commit", lambda: "0123456")
    Path("tables.toml").write_text(TABLE)
    Path("README.md").write_text(PAGE)
    return left


def shown():
    measure.measure("a", 0)
    return results.show(Path("a"))


def test_the_fastest_run_counts_and_all_are_kept(outputs):
    outputs.insert(0, output(0.5))
    text = shown()
    assert re.search(r"^one +slow +1\.00.*\ntwo +fast +4\.00 +4\.00", text, re.MULTILINE)
    assert re.search(r"two +2 +0\.2500 +50% +4\.00 +2\.00 +50%\|50%\n\na note$", text)
    two = pyperf.BenchmarkSuite.load("build/a.json").get_benchmarks()[1]
    assert two.get_values() == (0.5, 0.25)
    assert {"machine", "commit", "cpu_model_name", "date"} <= two.get_metadata().keys()


def test_rows_of_one_name_stay_apart(outputs):
    outputs[:] = [output(0.5).replace("one 1 42 1.0 1 1.00", "two 2 42 0.7 1 2.00")]
    assert re.search(r"two +2 +0\.7000 .*\ntwo +2 +0\.5000 ", shown())


def test_a_run_without_its_cores_counts_only_if_there_is_no_other(outputs):
    outputs[:] = output(0.2, "1.00"), output(0.5)
    assert "0.5000" in (text := shown()) and "program/two" not in text
    outputs[:] = [output(0.2, "1.00")]
    assert "0.2000" in (text := shown()) and "program/two" in text


@pytest.mark.parametrize("text", ["", "nothing\n", "version threads answer\none 1 42\n"])
def test_a_program_without_rows_fails_and_leaves_nothing_older(outputs, text):
    shown()
    outputs[:] = [text]
    with pytest.raises(measure.Failed):
        measure.measure("a", 0)
    assert not list(Path("build").iterdir())


def test_a_page_gets_its_tables_and_nothing_else_changes(outputs, monkeypatch):
    monkeypatch.setattr(publish, "make", lambda table: None)
    with pytest.raises(SystemExit):  # nothing is measured
        publish.publish(Path("README.md"))
    assert Path("README.md").read_text() == PAGE
    outputs[:0] = [output(0.2, "1.00")] * 2  # at first without its cores
    monkeypatch.setattr(publish, "make", lambda table: measure.measure("a", 0))
    publish.publish(Path("README.md"))
    monkeypatch.setattr(machine, "commit", lambda: "0123456+")
    with pytest.raises(SystemExit):  # nobody could say which code it was
        publish.publish(Path("README.md"))
    before, _, rest = (text := Path("README.md").read_text()).partition("```text")
    assert before + rest.partition("```\n")[2] == PAGE.replace("old\n", "")
    assert re.search(r"^two +2 +0\.2500 .* 2\.00 ", text, re.MULTILINE)
