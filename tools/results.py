"""Show stored measurements: as a table, as the summary of all chapters, or inside a README.

python results.py table build/count.json
python results.py summary 0*/build/*.json
python results.py readme README.md       rewrites what stands between its markers:

    <!-- table: build/count.json -->     ...     <!-- end -->
    <!-- ladder: build/sgd.json -->      ...     <!-- end -->
    <!-- summary: 0*/build/*.json -->    ...     <!-- end -->
    <!-- output: build/timeline.txt -->  ...     <!-- end -->    what a program printed
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
from rich.measure import Measurement
from rich.table import Table

FIXED = ("version", "threads", "answer", "seconds", "speedup", "busy")
PIPE_WIDTH = 160  # a pipe has no width to respect


def load(path):
    """Return what measure.py stored; None for any other file that a reader has put into build/."""
    try:
        suite = pyperf.BenchmarkSuite.load(str(path))
        return suite if "headline" in suite.get_benchmarks()[0].get_metadata() else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # pyperf checks little
        return None


def load_named(path):
    return load(path) or sys.exit(f"results: {path}: not a stored measurement")


def number(text):
    try:
        return float(text)
    except ValueError:
        return None


def middle(texts):
    """Return the median of a column's texts, to their precision; where not numbers, the first."""
    values = [number(text) for text in texts]
    if None in values:
        return texts[0]
    decimals = max(len(text.partition(".")[2]) for text in texts)
    return f"{statistics.median(values):.{decimals}f}"


def rows_of(suite):
    """Return one dict a benchmark: the medians of the example's columns, speed-up recomputed.

    The base of the speed-up is the first row of each program; in a ladder, of all programs.
    """
    rows, base = [], {}
    for benchmark in suite.get_benchmarks():
        runs = [run.get_metadata() for run in benchmark.get_runs()]
        about, seconds = runs[0], benchmark.median()
        group = "" if about["ladder"] else about["program"]
        if about["program"] == "limits":  # each kind of work on one thread is its own base
            group = about["version"]
        first = base.setdefault(group, seconds)
        row = {name: middle([str(run[name]) for run in runs]) for name in about["columns"].split()}
        row |= {"program": about["program"], "seconds": seconds, "speedup": first / seconds}
        rows.append((row, about, len(runs)))
    add_share_of_limit(rows)
    return rows


def is_limit(row, about):
    return about["program"] == "limits" and row["version"] == about["limit"]


def add_share_of_limit(rows):
    """Give rows with GB/s their share of this machine's limit, measured in the same run."""
    limits = [float(row["GB/s"]) for row, about, _ in rows if is_limit(row, about)]
    limit = max(limits, default=None)
    for row, _, _ in rows:
        if limit and number(row.get("GB/s", "-")) is not None:
            row["of-limit"] = f"{float(row['GB/s']) / limit:.0%}"


def short(seconds):
    return f"{seconds:.4f}" if seconds >= 0.01 else f"{seconds:#.3g}"


def times(speedup):
    return f"{speedup:.2f}" if speedup < 100 else f"{speedup:,.0f}"


def is_logarithmic(rows):
    return max(row["speedup"] for row in rows) > 20


def bar(value, rows, width):
    """Draw a speed-up to the scale of all rows: linear, or logarithmic where they span decades."""
    top = max(row["speedup"] for row in rows)
    if is_logarithmic(rows):
        value, top = math.log10(max(value, 1)) + 0.05, math.log10(top) + 0.05
    return Bar(top, 0, value, width=width)


def build_table(rows, lead, extra, left_out):
    # The summary names chapters, and has no room for answers: each chapter's own table shows them.
    answers = [] if "chapter" in lead or "answer" in left_out else ["answer"]
    lead, extra = ([name for name in names if name not in left_out] for names in (lead, extra))
    bars = "bars" not in left_out
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in (*lead, "version"):
        table.add_column(name, no_wrap=True)
    for name in ("threads", *answers, "seconds", "speedup"):
        table.add_column(name, justify="right", no_wrap=True)
    if bars:
        table.add_column("", min_width=16)
    for name in ("busy", *extra):
        table.add_column(name, justify="right", no_wrap=True)
    previous = None
    for row in rows:
        cells = [row[name] for name in lead]
        group = cells[:1]
        cells[:1] = group if group != previous else [""] * len(group)
        cells += [row["version"], row["threads"], *(row[name] for name in answers)]
        cells += [short(row["seconds"]), times(row["speedup"])]
        cells += [bar(row["speedup"], rows, 16)] if bars else []
        table.add_row(*cells, row["busy"], *(row.get(name, "") for name in extra))
        previous = group
    return table


def print_table(console, rows, lead):
    """Print rows; on a narrow terminal without the bars, then with fewer columns."""
    extra = dict.fromkeys(name for row in rows for name in row)
    extra = [name for name in extra if name not in (*FIXED, *lead)]
    extra = [name for name in extra if any(row.get(name, "-") != "-" for row in rows)]
    # What the title says already goes first, and what the remarks below point at last.
    spare = ["bars", *([] if "chapter" in lead else ["answer"])]
    spare += lead if len({row["program"] for row in rows}) == 1 else []
    spare += extra
    left_out, table = [], build_table(rows, lead, extra, left_out=())
    wide = console.options.update(width=1000)
    while Measurement.get(console, wide, table).maximum > console.width and spare:
        left_out.append(spare.pop(0))
        table = build_table(rows, lead, extra, left_out)
    console.print(table)
    if "bars" not in left_out and is_logarithmic(rows):
        console.print("\n(the bars are logarithmic)", style="dim")
    if left_out[1:]:
        print_line(console, f"\n(too narrow for: {', '.join(left_out[1:])})")


def print_line(console, text):
    console.print(text, style="dim", highlight=False, markup=False, soft_wrap=True)


def how_many(runs):
    return "one run" if runs == {1} else f"median of {' or '.join(map(str, sorted(runs)))} runs"


def print_machines(console, measured, cflags=False):
    """Say where and how the rows were measured: a line for each machine, compiler and Python."""
    counts = {}
    for _, about, runs in measured:
        gil = "" if about["gil"] == "on" else " without the GIL"
        line = (
            f"{about['cpu_model_name']}, {about['usable_cpus']} cores; {about['system']}; "
            f"CPython {about['python_version'].split()[0]}{gil}; {about['compiler']}"
            f"{' ' + about['cflags'] if cflags else ''}; {about['date'][:10]}"
        )
        counts.setdefault(line, set()).add(runs)
    console.print()
    for line, runs in counts.items():
        print_line(console, f"{line}; {how_many(runs)}")


def show(suite, console):
    """Print one measurement: what was run, the table, the machine."""
    rows = rows_of(suite)
    titles = dict.fromkeys(f"{about['program']}: {about['title']}" for _, about, _ in rows)
    console.print("\n".join(titles) + "\n", highlight=False, markup=False, soft_wrap=True)
    print_table(console, [row for row, _, _ in rows], ["program"])
    print_machines(console, rows, cflags=True)


def show_ladder(suite, console):
    """Print one line a row: what it is and how many times as fast as the first, as a picture."""
    measured = [(row, *rest) for row, *rest in rows_of(suite) if row["program"] != "limits"]
    rows = [row for row, *_ in measured]
    ladder = Table(box=None, pad_edge=False, show_header=False)
    for row in rows:
        threads = f"{row['threads']} threads" if row["threads"] != "1" else ""
        speedup = f"{times(row['speedup'])}x"
        ladder.add_row(
            row["program"], row["version"], threads, speedup, bar(row["speedup"], rows, 40)
        )
    ladder.columns[3].justify = "right"
    console.print(ladder)
    print_machines(console, measured)


def show_summary(paths, console):
    """Print the headline rows of many files as one table."""
    chosen = []
    for path in paths:
        suite = load(path)
        for row, about, runs in rows_of(suite) if suite else []:
            if about["headline"]:
                names = ("program", *FIXED)
                chapter = {"chapter": path.parent.parent.name[1]}  # 04-openmp-prange: 4
                chosen.append((chapter | {name: row[name] for name in names}, about, runs))
    if not chosen:
        sys.exit("results: nothing is measured yet; type: make")
    print_table(console, [row for row, _, _ in chosen], ["chapter", "program"])
    print_machines(console, chosen)


def console_for(**options):
    console = Console(**options)
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    return console


def rewrite(readme):
    """Replace what stands between the markers of a README by the stored measurements."""
    text = readme.read_text(encoding="utf-8")

    def block(match):
        kind, pattern = match[1], match[2]
        paths = sorted(readme.parent.glob(pattern))
        if not paths:
            print(f"results: {readme}: {pattern} is not measured, left as it was", file=sys.stderr)
            return match[0]
        page = io.StringIO()
        console = console_for(file=page, color_system=None)
        if kind == "summary":
            show_summary(paths, console)
        elif kind == "output":
            page.write(paths[0].read_text(encoding="utf-8"))
        else:
            {"table": show, "ladder": show_ladder}[kind](load_named(paths[0]), console)
        body = "\n".join(line.rstrip() for line in page.getvalue().splitlines())
        return f"<!-- {kind}: {pattern} -->\n```text\n{body}\n```\n<!-- end -->"

    marked = r"<!-- (table|ladder|summary|output): (\S+) -->\n.*?<!-- end -->"
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
        show_summary(args.paths, console_for())
        return
    for path in args.paths:
        if args.action == "table":
            show(load_named(path), console_for())
        else:
            rewrite(path)


if __name__ == "__main__":
    main()
