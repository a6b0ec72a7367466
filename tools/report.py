"""Write the README and the chapters' pages into one HTML file, with the reader's own figures.

    python report.py 01-gil-demo ...        at the top of the repository; make report does it

The file needs nothing but itself. Where a table was not measured here, the page's own table stays,
and a line above it says so.
"""

import html
import re
import sys
from base64 import b64encode
from itertools import pairwise
from pathlib import Path

import page
import publish
import results
from bench import run, store
from markdown_it import MarkdownIt
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

FOREIGN = '<p class="foreign">These are the figures of the page: nothing was measured here.</p>\n\n'
ABOUT = """<p class="about">Tables have the figures of your own machine, where make has measured
them. What is quoted below a table speaks of the page's own figures, which may differ.</p>"""
# Colours of code, for light and for dark; report.css has the rest.
LIGHT, DARK = (HtmlFormatter(style=style, nowrap=True) for style in ("default", "github-dark"))


def own_figures(folder, tables, place):
    """Return a place of a page with what was measured here, or else as it is, and a word on it."""
    needed = [folder / place["name"]] if place["name"] else tables
    measured = any((table.parent / f"build/{table.name}.json").exists() for table in needed)
    return publish.filled(folder, tables, place) if measured else FOREIGN + place[0]


def embedded(picture):
    """Return an address that has the picture itself in it."""
    kind = "svg+xml" if picture.suffix == ".svg" else "png"
    return f"data:image/{kind};base64,{b64encode(picture.read_bytes()).decode()}"


def with_pictures(folder, text):
    """Return a page's text with each picture that it names, after the paragraph that names it."""
    for name in dict.fromkeys(re.findall(r"`build/(\w+\.svg)`", text)):
        file, at = folder / "build" / name, text.index(f"`build/{name}`")
        begin, end = text.rfind("\n\n", 0, at) + 2, text.index("\n\n", at) + 2
        words = " ".join(re.sub("[`>*]", "", text[begin:end]).split())
        if file.exists():
            image = f'<img alt="{html.escape(words)}" src="{embedded(file)}">'
            text = f"{text[:end]}<figure>{image}</figure>\n\n{text[end:]}"
    return text


def slug(title):
    """Return the anchor that GitHub gives to a heading."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def coloured(code, language, _):
    try:
        return highlight(code, get_lexer_by_name(language), LIGHT)
    except ClassNotFound:  # plain text
        return ""


def link(token, folder, anchors):
    """Let a link to a page lead to its place in this file; one to another file becomes text."""
    target, _, heading = token.attrs["href"].partition("#")
    to = anchors.get((folder / (target or "README.md")).resolve())
    if to:
        token.attrs["href"] = f"#{to}-{heading}" if heading else f"#{to}"
    elif "://" not in target:
        token.attrs = {}
        return "span"
    return "a"


def render(path, text, anchors):
    """Return a page as HTML: its headings and links have the anchors of this file."""
    markdown = MarkdownIt("commonmark", {"highlight": coloured}).enable("table")
    tokens, tags = markdown.parse(text), []
    for token, after in pairwise(tokens):
        if token.type == "heading_open":
            heading = "" if token.tag == "h1" else f"-{slug(after.content)}"
            token.attrs["id"] = anchors[path.resolve()] + heading
        for inner in token.children or ():
            if inner.type == "link_open":
                tags.append(link(inner, path.parent, anchors))
                inner.tag = tags[-1]
            elif inner.type == "link_close":
                inner.tag = tags.pop()
            elif inner.type == "image":
                inner.attrs["src"] = embedded(path.parent / inner.attrs["src"])
    return f"<section>\n{markdown.renderer.render(tokens, markdown.options, {})}</section>\n"


def report(folders):
    """Return the HTML of all pages."""
    paths = [Path("README.md"), *(folder / "README.md" for folder in folders)]
    anchors = {path.resolve(): f"page-{n}" for n, path in enumerate(paths)}
    tables = [folder / name for folder in folders for name in results.settings(folder)]
    contents, sections = [], []
    for path in paths:
        text = page.read(path)
        contents.append(
            f'<a href="#{anchors[path.resolve()]}">{text.partition(chr(10))[0][2:]}</a>'
        )
        text = page.PLACE.sub(lambda place, of=path.parent: own_figures(of, tables, place), text)
        sections.append(render(path, with_pictures(path.parent, text), anchors))
    light, dark = (
        re.sub("(?m)^(?!code [.]).*\n?", "", colours.get_style_defs("code"))
        for colours in (LIGHT, DARK)
    )
    css = page.read(Path(__file__).with_name("report.css"))
    style = f"{css}\n{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}"
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Beyond the GIL</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{style}</style></head>
<body><nav>{" ".join(contents)}</nav>{ABOUT}
{"".join(sections)}</body></html>
"""


def main():
    file = Path("build/report.html")
    text = report([Path(folder) for folder in sys.argv[1:]])
    store(file, lambda path: path.write_text(text, encoding="utf-8"))
    print(
        f"your report: {file.resolve()}\nopen it in a browser, or send it: it needs no other file"
    )


if __name__ == "__main__":
    run(main)
