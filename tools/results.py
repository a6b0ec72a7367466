"""Show stored measurements: as a table, as the summary of all chapters, or inside a README.

python results.py table build/count.json
python results.py summary 0*/build/*.json
python results.py machine build/*.json
python results.py readme README.md ...      rewrites what stands between their markers:

    <!-- table: build/count.json -->     ...     <!-- end -->
    <!-- ladder: build/sgd.json -->      ...     <!-- end -->
    <!-- summary: 0*/build/*.json -->    ...     <!-- end -->
    <!-- machine: 0*/build/*.json -->    ...     <!-- end -->
    <!-- output: build/timeline.txt -->  ...     <!-- end -->    what a program printed
"""

import argparse
import contextlib
import io
import json
import math
import os
import re
import shutil
import sys
from itertools import chain, compress
from pathlib import Path

import page
import pyperf
from rich.bar import Bar
from rich.measure import Measurement
from rich.segment import Segment, Segments
from rich.table import Table

FIXED = ("version", "threads", "answer", "seconds", "speedup", "busy")
AGREE = 0.03  # how far apart the two fastest runs of a row may be
ENOUGH = 0.9  # of a core for each thread, in rows that can have it


def load(path):
    """Return what measure.py stored; None for any other file that a reader has put into build/."""
    try:
        suite = pyperf.BenchmarkSuite.load(str(path))
        return suite if "complete_run" in suite.get_benchmarks()[0].get_metadata() else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # pyperf checks little
        return None


def load_named(path):
    return load(path) or sys.exit(f"results: {path}: not a stored measurement")


def crowded(run):
    """Had this run of a row that is known to run in parallel fewer cores than it could use?"""
    cores = min(int(run["threads"]), run["usable_cpus"])
    return bool(run["parallel"]) and float(run["busy"]) < ENOUGH * cores


def fastest(runs):
    """Return a row's fastest run (its seconds and its metadata), and whether the next one agrees.

    Runs in which a row did not have its cores count only if it never had them: threads that were
    not at work together do not get into each other's way.
    """
    runs = [(seconds, run) for seconds, run in runs if not crowded(run)] or runs
    runs = sorted(runs, key=lambda pair: pair[0])
    return *runs[0], len(runs) > 1 and runs[1][0] <= runs[0][0] * (1 + AGREE)


def rows_of(suite):
    """Return a (row, about) pair for each benchmark: its fastest run, with the speed-up recomputed.

    The base of the speed-up is the first row of each program; in a ladder, of all programs.
    """
    rows, base = [], {}
    for benchmark in suite.get_benchmarks():
        runs = [(run.values[0], run.get_metadata()) for run in benchmark.get_runs()]
        seconds, about, settled = fastest(runs)
        group = "" if about["ladder"] else about["program"]
        if about["program"] == "limits":  # each kind of work on one thread is its own base
            group = about["version"]
        first = base.setdefault(group, seconds)
        row = {name: str(about[name]) for name in about["columns"].split()}
        row |= {"program": about["program"], "seconds": seconds, "speedup": first / seconds}
        row |= {"settled": settled, "crowded": crowded(about)}
        rows.append((row, about))
    add_share_of_limit(rows)
    return rows


def number(text):
    try:
        return float(text)
    except ValueError:
        return None


def add_share_of_limit(rows):
    """Give rows with GB/s their share of this machine's limit, measured in the same run."""
    limits = [
        float(row["GB/s"])
        for row, about in rows
        if row["program"] == "limits" and row["version"] == about["limit"]
    ]
    for row, _ in rows:
        if limits and number(row.get("GB/s", "-")) is not None:
            row["share"] = float(row["GB/s"]) / max(limits)
            row["of-limit"] = f"{row['share']:.0%}"


def short(row):
    seconds = row["seconds"]
    text = f"{seconds:.4f}" if seconds >= 0.01 else f"{seconds:#.3g}"
    return text if row["settled"] else f"?{text}"


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


def build_table(rows, columns, narrow=False):
    table = Table(box=None, pad_edge=False, collapse_padding=narrow, header_style="bold")
    for name in columns:
        left = name in ("version", "words")
        header = name if name not in ("bars", "words") else ""
        if name == "bars" and is_logarithmic(rows):
            header = "log scale"
        table.add_column(header, justify="left" if left else "right", no_wrap=True)
    for row in rows:
        cells = row | {"seconds": short(row), "speedup": times(row["speedup"])}
        cells["bars"] = bar(row["speedup"], rows, 16)
        table.add_row(*(cells.get(name, "") for name in columns))
    return table


def fitting(console, rows, columns, spare):
    """Return the table: on a narrow console without the first spare columns, then closer."""
    wide = console.options.update(width=1000)
    table = build_table(rows, columns)
    for left_out in spare:
        if Measurement.get(console, wide, table).maximum <= console.width:
            break
        columns = [name for name in columns if name != left_out]
        table = build_table(rows, columns)
    if Measurement.get(console, wide, table).maximum > console.width:
        table = build_table(rows, columns, narrow=True)
    return table


def print_table(console, measured, remark):
    """Print the rows, those of each program under its title.

    On a narrow terminal what goes first are bars, then threads (if the versions tell the rows
    apart), then other columns; `answer` and what the remark names stay.
    """
    rows = [row for row, _ in measured]
    folded = measured[0][1]["folded"].split()
    hidden = {*FIXED, *folded, "program", "settled", "crowded", "share"}
    more = [name for name in dict.fromkeys(chain.from_iterable(rows)) if name not in hidden]
    more = [name for name in more if any(row.get(name, "-") != "-" for row in rows)]
    columns = ["version", "threads", "answer", "seconds", "speedup", "bars", "busy", *more]
    columns = [name for name in columns if name not in folded]
    if all(row["answer"] == "-" for row in rows):
        columns = [name for name in columns if name != "answer"]
    told_apart = len({(row["program"], row["version"]) for row in rows}) == len(rows)
    spare = ["bars"] + ["threads"] * told_apart + more
    spare = [name for name in spare if f"`{name}`" not in remark]
    table = fitting(console, rows, columns, spare)
    head, *lines = console.render_lines(table, pad=False)
    program = None
    for line, (_, about) in zip(lines, measured, strict=True):
        if about["program"] != program:
            page.say(console, f"{about['program']}: {about['title']}")
        if program is None:
            console.print(Segments([*head, Segment.line()]), end="")
        program = about["program"]
        console.print(Segments([*line, Segment.line()]), end="")


def print_factors(console, measured):
    """Say what each step is worth: how many times as fast as its one row its other row is."""
    rows = {f"{row['program']}/{row['version']}": row for row, _ in measured}
    if not (factors := json.loads(measured[0][1]["factors"])):
        return
    if len(factors) > 1:
        factors.append(["all together", factors[0][1], factors[-1][2]])
    steps = []
    for name, slow, fast in factors:
        speedup = rows[slow]["seconds"] / rows[fast]["seconds"]
        steps.append({"name": name, "slow": rows[slow], "fast": rows[fast], "speedup": speedup})
    scale = "log scale" if is_logarithmic(steps) else ""
    columns = "step", "from", "to", "seconds", "then", "times as fast", scale
    cells = []
    for step in steps:
        slow, fast = step["slow"], step["fast"]
        texts = slow["version"], fast["version"], short(slow), short(fast), times(step["speedup"])
        cells.append((step["name"], *texts, bar(step["speedup"], steps, 12)))
    wide = console.options.update(width=1000)
    # On a narrow terminal the bars go, then the seconds, which the table below has too.
    for kept in range(7), range(6), (0, 1, 2, 5):
        table = Table(box=None, pad_edge=False, header_style="bold")
        for at in kept:
            table.add_column(
                columns[at], justify="right" if at in (3, 4, 5) else "left", no_wrap=True
            )
        for row in cells:
            table.add_row(*(row[at] for at in kept))
        if Measurement.get(console, wide, table).maximum <= console.width:
            break
    console.print(table)
    console.print()


def doubts_about(measured):
    """Say which rows the machine has disturbed: a line for each way, none if all is well."""
    rows = [row for row, _ in measured]
    doubts = {
        "?: the two fastest runs differ by more than 3%": [not row["settled"] for row in rows],
        "other programs took cores from": [row["crowded"] for row in rows],
        "more than the limit": [row.get("share", 0) > 1 + 2 * AGREE for row in rows],
    }
    for doubt, is_so in doubts.items():
        if any(is_so):
            names = dict.fromkeys(
                f"{row['program']}/{row['version']}" for row in compress(rows, is_so)
            )
            yield f"{doubt}: {', '.join(names)}"


def print_doubts(console, measured):
    doubts = list(doubts_about(measured))
    if doubts:
        doubts.append(
            "The machine was busy: close what computes (a browser, a build), run it again."
        )
    for line in doubts:
        page.say(console, line, style="dim")


def show(suite, console, remark):
    """Print one measurement: the table, what the programs print below theirs, and doubts."""
    measured = rows_of(suite)
    print_factors(console, measured)
    print_table(console, measured, remark)
    texts = dict.fromkeys(json.loads(about["below"]) for _, about in measured)
    whole = [t for t in texts if not any(t != other and other.startswith(t) for other in texts)]
    if below := "\n".join(whole):
        console.out(f"\n{below}", highlight=False)
    print_doubts(console, measured)


def with_words(console, measured, columns):
    rows = [row | {"words": about["words"]} for row, about in measured]
    console.print(fitting(console, rows, columns, ["bars", "threads", "seconds", "words"]))


def show_ladder(suite, console):
    """Print for each rung that has words: what it is, how many times as fast as the first."""
    measured = [pair for pair in rows_of(suite) if pair[1]["words"] != "-"]
    columns = ["version", "words", "threads", "speedup", "bars"]
    with_words(console, measured, columns)


def show_summary(paths, console):
    """Print the headline rows of many files as one table."""
    chosen = []
    for path in paths:
        suite = load(path)
        for row, about in rows_of(suite) if suite else []:
            if about["headline"]:
                chapter = {"chapter": path.parent.parent.name[1]}  # 04-openmp-prange: 4
                chosen.append((chapter | row, about))
    if not chosen:
        sys.exit("results: nothing is measured yet; type: make")
    with_words(
        console, chosen, ["chapter", "version", "threads", "seconds", "speedup", "busy", "words"]
    )
    print_doubts(console, chosen)


def show_machine(paths, console):
    """Say where and how the tables were measured: one line, if they are of one machine."""
    suites = filter(None, map(load, paths))
    about = [suite.get_benchmarks()[0].get_metadata() for suite in suites]
    complete = [one for one in about if one["complete_run"] != "-"]
    for line in dict.fromkeys(map(machine, complete or about)):
        page.say(console, line, style="dim")


def machine(about):
    gil = "" if about["gil"] == "on" else " without the GIL"
    return (
        f"{about['cpu_model_name']}, {about['usable_cpus']} cores; {about['system']}; "
        f"CPython {about['python_version'].split()[0]}{gil}; {about['compiler']}; "
        f"{about['date'][:10]}"
    )


def block(readme, kind, pattern):
    """Return the new text between a pair of markers; None if nothing is measured for it."""
    paths = sorted(readme.parent.glob(pattern))
    if not paths:
        return None
    page_text = io.StringIO()
    console = page.console_for(file=page_text, color_system=None)
    if kind == "summary":
        show_summary(paths, console)
    elif kind == "machine":
        show_machine(paths, console)
    elif kind == "output":
        page_text.write(paths[0].read_text(encoding="utf-8"))
    elif kind == "ladder":
        show_ladder(load_named(paths[0]), console)
    else:
        show(load_named(paths[0]), console, page.remark(paths[0]))
    return "\n".join(line.rstrip() for line in page_text.getvalue().splitlines())


MARKED = re.compile(
    r"<!-- (table|ladder|summary|machine|output): (\S+) -->\n.*?<!-- end -->", re.DOTALL
)


def objections(paths):
    """Say what keeps these measurements from being published."""
    runs = set()
    for path in paths:
        suite = load_named(path)
        runs.add(suite.get_benchmarks()[0].get_metadata()["complete_run"])
        yield from (f"{path}: {doubt}" for doubt in doubts_about(rows_of(suite)))
    if len(runs) > 1 or "-" in runs:
        yield "the tables are not all of one run of `make`"


def rewrite(readmes, force):
    """Replace what stands between the markers of READMEs; say what was written, or why nothing."""
    texts = {readme: readme.read_text(encoding="utf-8") for readme in readmes}
    found, against = set(), []
    for readme, text in texts.items():
        for kind, pattern in MARKED.findall(text):
            paths = set(readme.parent.glob(pattern))
            against += [] if paths else [f"{readme.parent / pattern}: not measured"]
            if kind in ("table", "ladder"):  # the others show rows of these
                found |= paths
    against += objections(sorted(found))
    for line in against:
        print(f"results: {line}", file=sys.stderr)
    if against and not force:
        sys.exit("results: nothing is written; FORCE=yes writes it all the same")
    for readme, text in texts.items():
        written = []

        def replacement(match, readme=readme, written=written):
            kind, pattern = match.groups()
            if (body := block(readme, kind, pattern)) is None:
                return match[0]
            written.append(pattern)
            if kind != "machine":
                body = f"```text\n{body}\n```"
            return f"<!-- {kind}: {pattern} -->\n{body}\n<!-- end -->"

        readme.write_text(MARKED.sub(replacement, text), encoding="utf-8")
        for picture in readme.parent.glob("*.png"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(picture.parent / "build" / picture.name, picture)
                written.append(picture.name)
        print(f"{readme}: {' '.join(written) or 'nothing to write'}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=("table", "summary", "machine", "readme"))
    parser.add_argument("paths", nargs="*", type=Path, metavar="FILE")
    args = parser.parse_args()
    console = page.console_for()
    if args.action == "summary":
        show_summary(args.paths, console)
    elif args.action == "machine":
        show_machine(args.paths, console)
    elif args.action == "readme":
        rewrite(args.paths, os.environ.get("FORCE") == "yes")
    else:
        for path in args.paths:
            show(load_named(path), console, page.remark(path))


if __name__ == "__main__":
    main()
