"""The README and the chapters' pages as one HTML file, with this machine's figures and pictures."""

import re
import sys
from base64 import b64encode
from functools import partial
from html import escape
from mimetypes import guess_type
from os.path import normpath
from pathlib import Path

import page
import publish
import results
from bench import run
from markdown_it import MarkdownIt
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

REPORT = Path("tools/build/report.html")
PLAIN = HtmlFormatter(nowrap=True)  # markdown-it writes the box around the code
HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Beyond the GIL, on this machine</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{}</style></head><body>
<header><p class="title">Beyond the GIL, on this machine</p><p>{}</p>
<p>The text, and each remark below a table, speak of the figures that the pages came with.</p>
<nav aria-label="Contents"><ul>{}</ul></nav></header>
"""


def own_figures(path, tables, place):
    """Return the place of a table with its label, and with what was measured here."""
    wanted = [path.parent / place["name"]] if place["name"] else tables
    key = "summary" if place["kind"] == "summary" else "programs"  # which all tables have
    here = [t for t in wanted if key in results.settings(t.parent)[t.name] and results.rows_of(t)]
    how = f"make -C {wanted[0].parent} measure-{wanted[0].name}" if place["name"] else "make"
    not_here = f'">Figures of the page, not of this machine. To measure: <code>{how}</code>'
    label = 'own">Measured on this machine' if here else not_here
    text = publish.filled(path.parent, here, place) if here else place[0]
    return f'<p class="note {label}</p>\n\n{text}'


def with_picture(folder, block):
    """Return a paragraph, and below it the picture in build/ that it names, if that was drawn."""
    words = re.sub(r"[>*()\[\]\s]+", " ", block)
    named = re.search(r"`(build/[\w-]+\.(?:svg|png))`.*", words)
    drawn = named and (folder / named[1]).is_file()
    return f"{block}\n\n![{named[0].replace('`', '')}]({named[1]})" if drawn else block


def anchor(path, heading=""):
    """Return the id of a page or of a heading in it, which a link may name by GitHub's id."""
    slug = re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
    return "-".join(filter(None, [path.parent.name or "top", slug]))


def headings(path, tokens):
    """Give a page's headings their ids, and return a link to each, the title first."""
    links = []
    for number, token in enumerate(tokens):
        if token.type == "heading_open":
            text = tokens[number + 1].content
            place = token.attrs["id"] = anchor(path, text if links else "")
            links.append(f'<a href="#{place}">{escape(text.replace("`", ""))}</a>')
    return links


def bring_in(path, token, pages):
    """Put an image into the report; let a link lead to a page in it, or be the name of a file."""
    if token.type == "image":
        src = token.attrs["src"]
        file = next(filter(Path.is_file, (path.parent / "build" / src, path.parent / src)))
        content = b64encode(file.read_bytes()).decode()
        token.attrs["src"] = f"data:{guess_type(src)[0]};base64,{content}"
    elif token.type == "link_open" and "://" not in token.attrs["href"]:
        link, _, heading = token.attrs["href"].partition("#")
        target = Path(normpath(path.parent / (link or path.name)))
        place = {"href": f"#{anchor(target, heading)}"}
        token.attrs = place if target in pages else {"title": str(target)}


def report(pages):
    """Return the HTML of the top page and the chapters' pages."""
    options = {"highlight": lambda code, kind, _: highlight(code, get_lexer_by_name(kind), PLAIN)}
    markdown = MarkdownIt("commonmark", options).enable("table")
    tables = [file.parent / name for file in pages[1:] for name in results.settings(file.parent)]
    contents, body = "", ""
    for path in pages:
        near = [table for table in tables if table.parent == path.parent] or tables
        text = page.PLACE.sub(partial(own_figures, path, near), page.read(path))
        blocks = (with_picture(path.parent, block) for block in text.split("\n\n"))
        tokens = markdown.parse("\n\n".join(blocks))
        for inline in (child for token in tokens for child in token.children or ()):
            bring_in(path, inline, pages)
        title, *below = headings(path, tokens)
        contents += f"<li>{title}<br><small>{' · '.join(below)}</small></li>\n"
        body += f"<section>\n{markdown.renderer.render(tokens, markdown.options, {})}</section>\n"
    style = page.read(Path(__file__).with_suffix(".css"))
    machine = escape(results.machine(tables)) or "Nothing is measured yet. Type: make"
    return f"{HEAD.format(style, machine, contents)}{body}</body></html>\n"


def main():
    html = report([Path(name) for name in sys.argv[1:]])
    page.keep(REPORT, html)
    print(f"{REPORT} is written; open it in a browser: {REPORT.resolve().as_uri()}")


if __name__ == "__main__":
    run(main)
