"""The report: one whole HTML file, with what is stored here, and labels on what is not."""

import re
import shutil
import sys
from html.parser import HTMLParser

import page
import pyperf
import pytest
from test_programs import ROOT, run

PAGES = ["README.md", *sorted(str(file.relative_to(ROOT)) for file in ROOT.glob("0*/README.md"))]
ALL = "".join(page.read(ROOT / name) for name in PAGES)
ROW = {"version": "asyncio", "program": "waiting.py", "threads": "1", "busy": "1.00", "title": "-"}
ROW |= {"name": "made up", "machine": "a machine", "date": "2026-01-01", "usable_cpus": 2}


class Tags(HTMLParser, list):
    unclosed = ()

    def handle_starttag(self, tag, attrs):
        self.append(dict(attrs))
        self.unclosed += (tag,) * (tag not in ("meta", "br", "img"))

    def handle_endtag(self, tag):
        assert self.unclosed[-1] == tag, self.getpos()
        self.unclosed = self.unclosed[:-1]


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    """Return the report where one table was measured, which is not in the summary."""
    top = tmp_path_factory.mktemp("a folder")
    for file in (*ROOT.glob("0*/tables.toml"), *ROOT.glob("0*/*.png"), *map(ROOT.joinpath, PAGES)):
        folder = top / file.parent.relative_to(ROOT)
        (folder / "build").mkdir(parents=True, exist_ok=True)
        shutil.copy(file, folder)
    (top / "05-sgd-case-study/build/convergence.svg").write_text("<svg/>")
    suite = [pyperf.Benchmark([pyperf.Run([123.4], None, ROW, collect_metadata=False)])]
    pyperf.BenchmarkSuite(suite).dump(str(top / "01-gil-demo/build/waiting.json"))
    (top / "01-gil-demo/build/waiting.txt").touch()
    run(sys.executable, str(ROOT / "tools/report.py"), *PAGES, cwd=top, stderr=None)
    return (top / "tools/build/report.html").read_text(encoding="utf-8")


def test_it_is_whole_and_needs_nothing_else(html):
    (tags := Tags()).feed(html.replace(" />", ">"))
    ids = [tag["id"] for tag in tags if "id" in tag]
    links = {tag["href"] for tag in tags if "href" in tag}
    assert not tags.unclosed and len(ids) == len(set(ids)) and len(html) < 1_000_000
    assert links <= {f"#{name}" for name in ids} | set(re.findall(r"https?:[^)\s]+", ALL))
    assert not re.search(r"<script|<link|<iframe|url\(|@import", html)
    assert {tag["src"][:14] for tag in tags if "src" in tag} == {"data:image/png", "data:image/svg"}
    assert all(len(tag["alt"]) > 20 for tag in tags if "src" in tag)


def test_each_table_says_whose_figures_it_has(html):
    assert html.count('<p class="note') == len(page.PLACE.findall(ALL))
    assert "123.4" in html and "measure-waiting" not in html and "measure-count<" in html
