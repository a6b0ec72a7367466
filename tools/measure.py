"""Run examples until the fastest runs agree, and keep the fastest run of every row.

    python measure.py -o build/count.json count.py='python3 count.py' count.c=build/count
    python measure.py -o build/python.txt timeline.py='python3 timeline.py'

Each run is a fresh process, and the programs take turns (A B A B ...), so that a machine that
changes its speed changes it for all of them. As in timeit the fastest run counts: whatever is
slower is the machine's doing. The runs are stored in pyperf's data model
(https://pyperf.readthedocs.io): `python -m pyperf compare_to` compares two machines or commits.
With -o NAME.txt one program runs once, and what it prints is kept as it is.

Then the table is shown, and under it the remark that stands under it in the chapter's README; with
BRIEF=yes in the environment one line that says what was measured.
"""

import argparse
import json
import os
import platform
import re
import shlex
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import bounded
import page
import pyperf
import results
from cpus import usable_cpus
from rich.console import Console

TIMEOUT = 300  # seconds; an example that takes longer than this hangs
BUDGET = 6  # seconds for all runs of a table, unless two runs of each program take longer
COLUMNS = {"version", "threads", "answer", "seconds", "speedup", "busy"}
MARKS = {
    "headline": "that stand in the summary of all chapters",
    "parallel": "that keep as many cores busy as they have threads, if there are so many",
    "varies": "that are wrong on purpose: their answer may change from run to run",
}


class Failed(Exception):
    """An example failed; the message is one line that says how."""


def run_once(command):
    """Run one example and return what it prints; Failed if it fails or hangs."""
    try:
        code, output, errors = bounded.run(shlex.split(command), TIMEOUT)
    except OSError as error:
        raise Failed(f"no table: {command}: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise Failed(f"no table: {command}: still running after {TIMEOUT} s") from error
    if code:
        said = errors.strip().splitlines() or ["it says nothing"]
        raise Failed(f"no table: {command}: exit code {code}: {said[-1]}")
    return output


def parse(command, output):
    """Return an example's title, its rows (dicts of column: text) and the text below them.

    The table starts at the line whose first word is "version" and ends at a blank line.
    Failed if there is no table, a row that does not fit its header, or one that cannot be kept.
    """
    title, columns, rows = "-", None, {}
    lines = iter(output.splitlines())
    for line in lines:
        words = line.split()
        if columns is None:
            if words[:1] == ["version"]:
                columns = words
            else:
                title = line.strip() or title
        elif not words:
            break
        elif len(words) != len(columns):
            raise Failed(f"no table: {command}: a row does not fit its header: {line!r}")
        else:
            row = dict(zip(columns, words, strict=True))
            if not row.keys() >= COLUMNS or not results.number(row["seconds"]):
                raise Failed(f"no table: {command}: a row without its time: {line!r}")
            if rows.setdefault((row["version"], row["threads"]), row) is not row:
                raise Failed(f"no table: {command}: a row comes twice: {line!r}")
    if not rows:
        raise Failed(f"no table: {command}: it printed no rows")
    return title, list(rows.values()), "\n".join(lines).rstrip()


def rows_over(label, runs):
    """Return for each row of a program its runs; Failed if the rows are not the same ones."""
    rows = [rows for _, rows, _ in runs]
    if len({tuple((row["version"], row["threads"]) for row in run) for run in rows}) > 1:
        raise Failed(f"no table: {label}: its rows change from run to run")
    return list(zip(*rows, strict=True))


def settled(label, runs, parallel):
    """Do the two fastest runs of every row agree?"""
    for row in rows_over(label, runs):
        marked = f"{label}/{row[0]['version']}" in parallel
        about = {"parallel": marked, "usable_cpus": usable_cpus()}
        if not results.fastest([(float(run["seconds"]), run | about) for run in row])[-1]:
            return False
    return True


def run_all(programs, budget, parallel):
    """Run the programs in turn: twice, and then until all rows are settled or the time is over.

    Returns {label: [(title, rows, text below), ...]}.
    """
    runs = {label: [] for label in programs}
    console = Console(stderr=True)
    status = console.status("", refresh_per_second=1) if console.is_terminal else None
    end = time.perf_counter() + budget
    try:
        while True:
            begin = time.perf_counter()
            for label, command in programs.items():
                if status:
                    status.update(f"{label}, run {len(runs[label]) + 1}")
                    status.start()
                runs[label].append(parse(command, run_once(command)))
            now = time.perf_counter()
            twice = min(map(len, runs.values())) > 1
            over = now + (now - begin) > end
            if twice and (over or all(settled(x, runs[x], parallel) for x in runs)):
                return runs
    finally:
        if status:
            status.stop()


def machine(cflags):
    """Describe this machine for the stored runs: CPU, cores, system, Python, compiler, flags."""
    collected = pyperf.Run([1.0], collect_metadata=True).get_metadata()
    keep = ("cpu_model_name", "cpu_count", "platform", "python_version", "date")
    cc = os.environ.get("CC", "cc")
    ask = [*shlex.split(cc), "--version"]
    says = subprocess.run(ask, check=True, capture_output=True, text=True).stdout
    compiler = re.sub(r" \(.*?\)", "", says.partition("\n")[0]) or cc
    if "Free Software Foundation" in says:  # "cc" is a name that many compilers answer to
        compiler = f"gcc {compiler.split()[-1]}"
    return {
        "cpu_model_name": platform.processor() or platform.machine(),
        **{key: collected[key] for key in keep if key in collected},
        "usable_cpus": usable_cpus(),
        "system": f"{platform.system()} {platform.release().split('-')[0]} {platform.machine()}",
        "compiler": compiler,
        "gil": "on" if getattr(sys, "_is_gil_enabled", lambda: True)() else "off",
        "cflags": cflags,
    }


def benchmark(label, runs, about):
    """Turn the runs of one row into a pyperf.Benchmark; Failed if its answer changes."""
    row = f"{label}/{runs[0]['version']}"
    words, marked = about["words"].get(row, "-"), {name: int(row in about[name]) for name in MARKS}
    if len({run["answer"] for run in runs}) > 1 and not marked["varies"]:
        raise Failed(f"no table: {row}: the answer changes from run to run")
    about = {
        **about,
        **marked,
        "name": f"{label} {runs[0]['version']} threads={runs[0]['threads']}",
        "words": words,
        "columns": " ".join(name for name in runs[0] if name != "seconds"),
    }
    return pyperf.Benchmark(
        [
            pyperf.Run([float(run.pop("seconds"))], metadata=about | run, collect_metadata=False)
            for run in runs
        ]
    )


def measure(args):
    """Run the programs and return a pyperf.BenchmarkSuite with a benchmark for each row."""
    about = {
        **machine(args.cflags or "-"),
        **{name: getattr(args, name) for name in MARKS},
        "words": dict(args.words),
        "ladder": int(args.ladder),
        "limit": args.limit,
        "folded": " ".join(args.fold) or "-",
        "factors": json.dumps(args.factor),
        "complete_run": os.environ.get("COMPLETE_RUN", "-"),
    }
    benchmarks = []
    for label, runs in run_all(dict(args.programs), args.budget, args.parallel).items():
        title, _, below = min(runs, key=lambda run: sum(float(row["seconds"]) for row in run[1]))
        its = about | {"program": label, "title": title, "below": json.dumps(below)}
        benchmarks += [benchmark(label, row, its) for row in rows_over(label, runs)]
    known = {f"{b.get_metadata()['program']}/{b.get_metadata()['version']}" for b in benchmarks}
    named = [row for name in MARKS for row in about[name]] + list(about["words"])
    if unknown := {*named, *(row for _, *rows in args.factor for row in rows)} - known:
        raise Failed(f"no table: no such row: {' '.join(sorted(unknown))}")
    return pyperf.BenchmarkSuite(benchmarks)


def store(path, write):
    """Let write(a path) make the file: it is there in full or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".tmp")
    write(unfinished)
    os.replace(unfinished, path)


def labelled(text):
    label, equals, command = text.partition("=")
    if not (label and equals and command):
        raise argparse.ArgumentTypeError(f"{text!r}: expected LABEL=COMMAND")
    return label, command


def read_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("programs", nargs="+", type=labelled, metavar="LABEL=COMMAND")
    add("-o", dest="output", type=Path, required=True, help="the file to write, .json or .txt")
    add("--budget", type=float, default=BUDGET, help=f"seconds for all runs (default: {BUDGET})")
    add("--cflags", default="-", help="the flags the C code was built with, to note")
    add("--ladder", action="store_true", help="speed-up of all against the first row of all")
    add("--limit", default="-", help="the row of 'limits' that GB/s is a share of")
    add("--fold", nargs="*", default=[], metavar="COLUMN", help="stored, but not in the table")
    add(
        "--factor",
        nargs=3,
        action="append",
        default=[],
        metavar=("NAME", "ROW", "ROW"),
        help="to say above the table how many times as fast as one row the other is",
    )
    add(
        "--words",
        nargs=2,
        action="append",
        default=[],
        metavar=("ROW", "WORDS"),
        help="what a row is, for the ladder and the summary",
    )
    for name, meaning in MARKS.items():
        add(f"--{name}", nargs="*", default=[], metavar="ROW", help=f"LABEL/VERSION, {meaning}")
    return parser.parse_args()


def main():
    args = read_arguments()
    args.output.unlink(missing_ok=True)  # what fails below leaves nothing older behind
    begin = time.perf_counter()
    try:
        if args.output.suffix == ".txt":
            ((_, command),) = args.programs
            text = run_once(command)
            store(args.output, lambda path: path.write_text(text, encoding="utf-8"))
        else:
            suite = measure(args)
            store(args.output, lambda path: suite.dump(str(path), replace=True))
    except Failed as failure:
        print(failure, file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:  # to die of it, and not to exit, tells a shell to stop as well
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    console = page.console_for()
    if os.environ.get("BRIEF") == "yes":
        names = textwrap.shorten(" ".join(label for label, _ in args.programs), 43)
        took = time.perf_counter() - begin
        print(f"  {args.output.stem:<19}{names:<44}{took:6.1f} s")
        return
    if args.output.suffix == ".txt":
        print(text, end="")
    else:
        results.show(suite, console, page.remark(args.output))
    page.show_remark(console, args.output)


if __name__ == "__main__":
    main()
