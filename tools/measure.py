"""Run examples several times and keep the median of every row that they print.

    python measure.py -o build/count.json count.py='python3 count.py' count.c=build/count

Each run is a fresh process, and the programs take turns (A B A B ...), so that a machine that
changes its speed changes it for all of them. The runs are stored in pyperf's data model
(https://pyperf.readthedocs.io): `python -m pyperf compare_to` compares two machines or commits.
"""

import argparse
import os
import platform
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import bounded
import pyperf
import results
from cpus import usable_cpus
from rich.console import Console
from rich.progress import Progress

TIMEOUT = 300  # seconds; an example that takes longer than this hangs


def parse(output):
    """Return the title and the rows (dicts of column: text) of an example's output.

    The table starts at the line whose first word is "version" and ends at a blank line.
    Raises ValueError if there is no table, or a row that does not fit its header.
    """
    title, columns, rows = "-", None, []
    for line in output.splitlines():
        words = line.split()
        if columns is None:
            if words[:1] == ["version"]:
                columns = words
            else:
                title = line.strip() or title
        elif not words:
            break
        elif len(words) != len(columns):
            raise ValueError(f"a row does not fit its header: {line!r}")
        else:
            rows.append(dict(zip(columns, words, strict=True)))
    if not rows:
        raise ValueError("it printed no rows")
    return title, rows


class Failed(Exception):
    """An example failed; the message is one line that says how."""


def run_once(command):
    """Run one example and return its parsed output; Failed if it fails, hangs or is unreadable."""
    try:
        code, output, errors = bounded.run(shlex.split(command), TIMEOUT)
        if code:
            said = errors.strip().splitlines() or ["it says nothing"]
            raise Failed(f"no table: {command}: exit code {code}: {said[-1]}")
        return parse(output)
    except OSError as error:
        raise Failed(f"no table: {command}: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise Failed(f"no table: {command}: still running after {TIMEOUT} s") from error
    except ValueError as error:
        raise Failed(f"no table: {command}: {error}") from error


def run_all(programs, repeat):
    """Run every program `repeat` times in turn; return {label: [(title, rows), ...]}."""
    runs = {label: [] for label in programs}
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=repeat * len(programs))
        for turn in range(repeat):
            for label, command in programs.items():
                progress.update(task, description=f"{label}, run {turn + 1} of {repeat}")
                runs[label].append(run_once(command))
                progress.advance(task)
    return runs


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


def suite_of(runs, common, headline, varies):
    """Turn the parsed runs into a pyperf.BenchmarkSuite, one benchmark a row.

    Raises Failed where a row's answer is not the same in every run, unless the row is among
    `varies`: those that lose updates on purpose.
    """
    benchmarks = []
    for label, parsed in runs.items():
        for rows in zip(*(rows for _, rows in parsed), strict=True):
            version = rows[0]["version"]
            same = ["version", "threads"] + ["answer"] * (f"{label}/{version}" not in varies)
            if len({tuple(row[name] for name in same) for row in rows}) > 1:
                raise Failed(f"no table: {label} {version}: the answer changes from run to run")
            about = {
                **common,
                "name": f"{label} {version} threads={rows[0]['threads']}",
                "program": label,
                "title": parsed[0][0],
                "columns": " ".join(name for name in rows[0] if name != "seconds"),
                "headline": int(f"{label}/{version}" in headline),
            }
            benchmarks.append(
                pyperf.Benchmark(
                    [
                        pyperf.Run(
                            [float(row["seconds"])],
                            metadata={**about, **{k: v for k, v in row.items() if k != "seconds"}},
                            collect_metadata=False,
                        )
                        for row in rows
                    ]
                )
            )
    return pyperf.BenchmarkSuite(benchmarks)


def labelled(text):
    label, equals, command = text.partition("=")
    if not (label and equals and command):
        raise argparse.ArgumentTypeError(f"{text!r}: expected LABEL=COMMAND")
    return label, command


def positive(text):
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number from 1 to 1000")
    return int(text)


def read_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("programs", nargs="+", type=labelled, metavar="LABEL=COMMAND")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the JSON file to write")
    parser.add_argument(
        "-r", "--repeat", type=positive, default=5, help="runs of each (default: 5)"
    )
    parser.add_argument(
        "--cflags", default="-", help="the flags the C code was built with, to note"
    )
    parser.add_argument(
        "--headline",
        nargs="*",
        default=[],
        metavar="LABEL/VERSION",
        help="rows that stand in the summary of all chapters",
    )
    parser.add_argument(
        "--varies",
        nargs="*",
        default=[],
        metavar="LABEL/VERSION",
        help="rows that are wrong on purpose: their answer may change from run to run",
    )
    parser.add_argument(
        "--ladder",
        action="store_true",
        help="speed-up of every program against the first row of all",
    )
    parser.add_argument(
        "--limit",
        default="-",
        help="the row of a program labelled 'limits' that GB/s is a share of",
    )
    return parser.parse_args()


def main():
    args = read_arguments()
    try:
        runs = run_all(dict(args.programs), args.repeat)
        common = {**machine(args.cflags or "-"), "ladder": int(args.ladder), "limit": args.limit}
        suite = suite_of(runs, common, args.headline, args.varies)
    except Failed as failure:
        print(failure, file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:  # to die of it, and not to exit, tells a shell to stop as well
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    args.output.parent.mkdir(parents=True, exist_ok=True)
    unfinished = args.output.with_suffix(".tmp")
    suite.dump(str(unfinished), replace=True)
    os.replace(unfinished, args.output)
    results.show(suite, results.console_for())


if __name__ == "__main__":
    main()
