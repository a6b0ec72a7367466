"""What every example needs and none is about: options, clocks, rows, and how a program ends.

    def main():
        args = read_options(__doc__, n=(10**6, 1, 10**9, "count to n"), t=(2, 1, 256, "threads"))
        header("inside")  # the columns of every table, and one more
        with stopwatch() as took:
            steps = count(args.n)
        row("sequential", 1, steps, steps == args.n, took, inside())
        verdict()  # exit code 1 and a line that names the wrong rows, if there are any
Chapters 1 and 2 have a link to it, for a bare Python; set-up puts it on the environment's path.
"""

import argparse
import contextlib
import multiprocessing
import os
import re
import resource
import signal
import sys
import time
from functools import partial
from pathlib import Path

rows = []  # (version, wall seconds, right) of the table so far
has_gil = getattr(sys, "_is_gil_enabled", lambda: True)  # before Python 3.13 there always is one


def fail(code, line):
    """Say one line and end: with code 1 if something failed, 2 if it was asked for wrongly."""
    print(f"{Path(sys.argv[0]).name}: {line}", file=sys.stderr)
    sys.exit(code)


def whole(low, high, text):
    if re.fullmatch("[0-9]{1,19}", text) and low <= int(text) <= high:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number from {low} to {high}")


def read_options(about, **options):
    """Return the options' values; for anything that is not described here, one line and exit 2.

    options: n=(default, low, high, meaning), or w={what add_argument takes; with nargs, a word}.
    """
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS, description=about.split("\n")[0])
    for name, option in options.items():
        keywords = option
        if isinstance(option, tuple):
            default, low, high, meaning = option
            text = f"{meaning}, {low} to {high} (default: {default})"
            keywords = {"type": partial(whole, low, high), "default": default, "help": text}
        flag = f"-{name}" if len(name) == 1 else f"--{name}"
        parser.add_argument(name if "nargs" in keywords else flag, **keywords)
    parser.print_help = lambda: print(parser.format_help(), end="")  # argparse ignores errors
    return parser.parse_args()


def openmp_threads(most=256):
    """Return the default of -t; unset what crashes or pins OpenMP. Import what brings it later."""
    number = re.match(r"\s*0*([1-9][0-9]*)", os.getenv("OMP_NUM_THREADS", ""))  # of "4,2" the 4
    for name in re.findall("^(?:OMP_[NTDMP]|.*_AFFINITY).*", "\n".join(os.environ), re.M):
        del os.environ[name]
    return min(int(number[1][:9]), most) if number else 2


def enough_memory(size):
    """Raise MemoryError for so many bytes in time: Linux promises more than it has."""
    if size > os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 0.75:
        raise MemoryError(f"{size} bytes; choose a smaller -n")


def store(path, write):
    """Let write(a path beside it) make a file, and only then give it its name; links stay links."""
    path = path.resolve()
    if path.exists() and not path.is_file():  # a device or a folder
        raise OSError(0, "not a regular file", str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


@contextlib.contextmanager
def built():  # around imports of what lies in build/ or is installed in .venv
    stop_at_once()  # imports take their time
    above = Path(sys.argv[0]).absolute().parents
    folder = next((f for f in above if (f / "Makefile").exists()), above[0])
    sys.path[:0] = [str(folder / "build"), str(folder)]
    try:
        yield
    except ImportError as error:
        target = "mpi" if error.name == "mpi4py" else "build"
        fail(2, f"{error}; in {folder.name}, type: make {target} && . ../.venv/bin/activate")


@contextlib.contextmanager
def stopwatch():
    """Time a block: wall seconds, and CPU seconds of its threads and of processes that ended."""

    def cpu():
        return time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])

    took = argparse.Namespace(wall=time.perf_counter(), cpu=cpu())
    yield took
    took.wall, took.cpu = time.perf_counter() - took.wall, cpu() - took.cpu


def header(*columns):
    rows.clear()
    names = "version          threads          answer   seconds speedup busy"
    print(names, *map("{:>7}".format, columns))


def row(version, threads, answer, right, took, *cells, base=None):  # of the table of header()
    rows.append((version, took.wall, right))
    speedup, busy = (base or rows[0][1]) / took.wall, took.cpu / took.wall
    fixed = f"{version:<16}{threads:>8} {answer:>15}{took.wall:>#10.4g}{speedup:>8.2f} {busy:.2f}"
    print(fixed, *map("{:>7}".format, cells))


def verdict():
    if wrong := [version for version, _, right in rows if not right]:
        fail(1, f"wrong answer: {' '.join(wrong)}")


def stop_at_once():  # on Ctrl-C and on a closed pipe, and in silence, as a C program does
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not ignored, as by nohup
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def run(main):
    stop_at_once()
    sys.stdout or fail(1, "there is no output to write to")
    sys.stdout.reconfigure(line_buffering=True, errors="replace")  # each row at once, in a pipe too
    try:
        main()
    except KeyboardInterrupt:  # to die of it, and not to exit, tells a shell to stop as well
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except MemoryError as error:
        fail(2, f"no memory: {error}")
    except (OSError, RuntimeError, OverflowError) as error:  # RuntimeError: no more threads
        for child in multiprocessing.active_children():  # their work will not come any more
            child.kill()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what could not be written is not tried again
        fail(1, f"cannot go on: {error!r} (see make doctor)")
