"""Show stored measurements: as a table, as the summary of all chapters, or inside a README.

python results.py table build/count.json
python results.py summary 0*/build/*.json
python results.py readme README.md       rewrites what stands between its markers:

    <!-- table: build/count.json -->     ...     <!-- end -->
    <!-- summary: 0*/build/*.json -->    ...     <!-- end -->
"""

import argparse
import io
import math
import re
import statistics
import sys
from pathlib import Path

import pyperf
from rich.bar import Bar
from rich.console import Console
from rich.table import Table

FIXED = ("version", "threads", "answer", "seconds", "speedup", "busy")
BAR_WIDTH = 16


def number(text):
    try:
        return float(text)
    except ValueError:
        return None


def middle(texts):
    """Return the median of a column, printed as precisely as its runs were; else the first text."""
    values = [number(text) for text in texts]
    if None in values:
        return texts[0]
    decimals = max(len(text.partition(".")[2]) for text in texts)
    return f"{statistics.median(values):.{decimals}f}"


def rows_of(suite):
    """Return one dict a benchmark: the medians of its columns, with the speed-up recomputed.

    The base of the speed-up is the first row of each program; of the first program, in a ladder.
    """
    rows, base = [], {}
    for benchmark in suite.get_benchmarks():
        about = benchmark.get_metadata()
        runs = [run.get_metadata() for run in benchmark.get_runs()]
        row = {
            key: middle([str(run[key]) for run in runs]) for key in runs[0] if key in columns(runs)
        }
        seconds = benchmark.median()
        one_ladder = about["ladder"] and about["program"] != "limits"
        first = base.setdefault("" if one_ladder else about["program"], seconds)
        row |= {
            "program": about["program"],
            "title": about["title"],
            "about": about,
            "seconds": seconds,
            "speedup": first / seconds,
            "runs": len(runs),
        }
        rows.append(row)
    add_share(rows)
    return rows


def columns(runs):
    """Name the example's own columns: all that is not about the machine or the run."""
    ours = {
        "program",
        "title",
        "headline",
        "ladder",
        "limit",
        "name",
        "system",
        "compiler",
        "cflags",
        "usable_cpus",
        "cpu_model_name",
        "cpu_count",
        "platform",
        "python_version",
        "date",
        "unit",
        "speedup",
    }
    return [key for key in runs[0] if key not in ours]


def add_share(rows):
    """Give rows with GB/s their share of this machine's limit, measured in the same run."""
    limit = max(
        (
            float(row["GB/s"])
            for row in rows
            if row["program"] == "limits" and row["version"] == row["about"]["limit"]
        ),
        default=0,
    )
    for row in rows:
        if limit and number(row.get("GB/s", "-")) is not None:
            row["of-limit"] = f"{float(row['GB/s']) / limit:.0%}"


def short(value):
    return f"{value:.4f}" if value >= 0.01 else f"{value:#.3g}"


def times(value):
    return f"{value:.2f}" if value < 100 else f"{value:,.0f}"


def bar(value, rows, width=BAR_WIDTH):
    """Draw a speed-up to the scale of all rows: linear, or logarithmic where they span decades."""
    top = max(row["speedup"] for row in rows)
    if top > 20:
        value, top = math.log10(max(value, 1)) + 0.05, math.log10(top)
    return Bar(top, 0, min(value, top), width=width)


def table_of(rows, lead):
    """Lay rows out as a rich table; `lead` names the columns in front of the fixed ones."""
    extra = [
        key
        for row in rows
        for key in row
        if key not in (*FIXED, "program", "title", "about", "runs", *lead)
    ]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in (*lead, "version"):
        table.add_column(name, no_wrap=True)
    for name in ("threads", "answer", "seconds", "speedup"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for name in ("busy", *dict.fromkeys(extra)):
        table.add_column(name, justify="right", no_wrap=True)
    previous = None
    for row in rows:
        head = [row[name] if row[name] != previous or name != lead[0] else "" for name in lead]
        previous = row[lead[0]]
        table.add_row(
            *head,
            row["version"],
            row["threads"],
            row["answer"],
            short(row["seconds"]),
            times(row["speedup"]),
            bar(row["speedup"], rows),
            row["busy"],
            *(row.get(name, "") for name in dict.fromkeys(extra)),
        )
    return table


def machine_line(about, runs):
    """Say in one line where and how the numbers were measured."""
    return (
        f"{about['cpu_model_name']}, {about['usable_cpus']} cores; {about['system']}; "
        f"CPython {about['python_version'].split()[0]}; {about['compiler']} {about['cflags']}; "
        f"median of {runs} runs, {about['date'][:10]}"
    )


def show(suite, console=None):
    """Print one measurement: what was run, the table, the machine."""
    console = console or wide_console()
    rows = rows_of(suite)
    titles = dict.fromkeys(f"{row['program']}: {row['title']}" for row in rows)
    console.print("\n".join(titles), highlight=False, markup=False)
    console.print()
    console.print(table_of(rows, ["program"]))
    console.print()
    console.print(
        machine_line(rows[0]["about"], rows[0]["runs"]),
        style="dim",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def show_ladder(suite, console):
    """Print one line a row: what it is and how many times as fast as the first, as a picture."""
    rows = [row for row in rows_of(suite) if row["program"] != "limits"]
    ladder = Table(box=None, pad_edge=False, show_header=False)
    for row in rows:
        threads = f"{row['threads']} threads" if row["threads"] != "1" else ""
        speedup = f"{times(row['speedup'])}x"
        ladder.add_row(
            row["program"], row["version"], threads, speedup, bar(row["speedup"], rows, 40)
        )
    ladder.columns[3].justify = "right"
    console.print(ladder)


def show_summary(paths, console=None):
    """Print the headline rows of many files as one table."""
    console = console or wide_console()
    chosen, about = [], None
    for path in paths:
        for row in rows_of(load(path)):
            if row["about"]["headline"]:
                row["chapter"] = path.parent.parent.name
                chosen.append(
                    {
                        key: row[key]
                        for key in ("chapter", "program", "title", "about", "runs", *FIXED)
                    }
                )
                about = row["about"], row["runs"]
    if not chosen:
        sys.exit("results: nothing is measured yet; type: make")
    console.print(table_of(chosen, ["chapter", "program"]))
    console.print()
    console.print(machine_line(*about), style="dim", highlight=False, markup=False, soft_wrap=True)


def wide_console(**options):
    """A console that never folds a table: in a pipe there is no width to respect."""
    console = Console(**options)
    if not console.is_terminal:
        console.width = 120
    return console


def load(path):
    try:
        return pyperf.BenchmarkSuite.load(str(path))
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.exit(f"results: {path}: not a stored measurement ({error})")


def rewrite(readme):
    """Replace what stands between the markers of a README by the stored measurements."""
    text = readme.read_text(encoding="utf-8")

    def block(match):
        kind, pattern = match[1], match[2]
        paths = sorted(readme.parent.glob(pattern))
        if not paths:
            print(
                f"results: {readme}: {pattern} is not measured yet, left as it was", file=sys.stderr
            )
            return match[0]
        page = io.StringIO()
        console = wide_console(file=page, color_system=None)
        if kind == "summary":
            show_summary(paths, console)
        else:
            {"table": show, "ladder": show_ladder}[kind](load(paths[0]), console)
        body = "\n".join(line.rstrip() for line in page.getvalue().splitlines())
        return f"<!-- {kind}: {pattern} -->\n```text\n{body}\n```\n<!-- end -->"

    marked = r"<!-- (table|ladder|summary): (\S+) -->\n.*?<!-- end -->"
    new = re.sub(marked, block, text, flags=re.DOTALL)
    if new != text:
        readme.write_text(new, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=("table", "summary", "readme"))
    parser.add_argument("paths", nargs="+", type=Path, metavar="FILE")
    args = parser.parse_args()
    if args.action == "summary":
        show_summary(args.paths)
    else:
        for path in args.paths:
            show(load(path)) if args.action == "table" else rewrite(path)


if __name__ == "__main__":
    main()
