"""The report of all pages: the reader's own figures, pictures, and links that lead somewhere."""

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser

import pyperf
import pytest
import report
from test_programs import ROOT

EMPTY = {"img", "meta", "br", "hr"}
ABOUT = {"program": "count.py", "version": "threads", "threads": "2", "busy": "1.00", "date": "2"}
ABOUT |= {"name": "a", "title": "counted here", "machine": "a machine", "usable_cpus": 2}


class Parsed(HTMLParser):
    """Which tags are open, all anchors, and where links and pictures lead."""

    def __init__(self, text):
        super().__init__()
        self.open, self.anchors, self.sources, self.words = [], set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        about = dict(attrs)
        self.anchors.add(f"#{about.get('id')}")
        self.sources += [about[key] for key in ("href", "src") if key in about]
        self.words += [about["alt"]] if tag == "img" else []
        self.open += [tag] * (tag not in EMPTY)

    def handle_endtag(self, tag):
        assert tag in EMPTY or self.open.pop() == tag


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """Return the report of a reader who has measured one table, and drawn one picture."""
    root = tmp_path_factory.mktemp("pages")
    for kind in "README.md", "0*/README.md", "0*/tables.toml", "0*/*.png":
        for file in ROOT.glob(kind):
            (copy := root / file.relative_to(ROOT)).parent.mkdir(exist_ok=True)
            shutil.copy(file, copy)
    chapters = sorted(path.name for path in root.glob("0*"))
    for folder in chapters[0], chapters[4]:
        (root / folder / "build").mkdir()
    count = root / chapters[0] / "build/count"
    pyperf.Benchmark([pyperf.Run([0.5], None, ABOUT, collect_metadata=False)]).dump(f"{count}.json")
    count.with_suffix(".txt").touch()
    (root / chapters[4] / "build/convergence.svg").write_text("<svg/>")
    command = [sys.executable, report.__file__, *chapters]
    subprocess.run(command, cwd=root, check=True, stdout=subprocess.DEVNULL)
    return (root / "build/report.html").read_text()


def test_it_has_the_readers_figures_and_says_which_are_not(text):
    pages = [ROOT / "README.md", *ROOT.glob("0*/README.md")]
    places = [
        p for page in pages for p in report.page.PLACE.finditer(page.read_text()) if p["name"]
    ]
    assert "count.py: counted here" in text
    assert len(places) > 20 and text.count(report.FOREIGN.strip()) == len(places) - 1


def test_it_needs_nothing_but_itself(text):
    parsed = Parsed(text)
    assert parsed.open == [] and "<script" not in text and len(text.encode()) < 2e6
    inside = {source for source in parsed.sources if source.startswith("#")}
    assert len(inside) > 6 and inside <= parsed.anchors
    others = [source for source in parsed.sources if source[0] != "#"]
    assert all(re.match("https?://|data:", source) for source in others)
    assert len(parsed.words) == 2 and min(map(len, parsed.words)) > 30  # of two pictures
