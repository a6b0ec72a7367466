"""What holds for every program on bench.h or bench.py: each check once, for all of them."""

import os
import re
import shutil
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NO_OPENMP = "OPENMP := no" in (ROOT / "tools/build/probed.mk").read_text()
NAMES = [
    str(file.relative_to(ROOT))
    for kind in ("0*/*.c", "0*/*.py", "0*/data/*.py", "0*/more/*.py", "0*/other-languages/*.py")
    for file in sorted(ROOT.glob(kind))
    if re.search(r"^int main|^    run\(main\)", file.read_text(), re.M)
    and "_mpi." not in file.name  # see chapter 5, tests/test_mpi.py
]
COUNTS = ["01-gil-demo/count.c", "01-gil-demo/count.py"]


def run(*command, **how):
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": 300} | how
    how["env"] = os.environ | {"COLUMNS": "200"} | how.get("env", {})
    return subprocess.run(command, check=False, text=True, **how)


def fails(code, text, *command, **how):
    """Check that a command ends with this exit code and one line, which has the text in it."""
    done = run(*command, **how)
    assert done.returncode == code and len(done.stderr.splitlines()) == 1 and text in done.stderr


def start(path):
    """Return the words that start a program."""
    return (sys.executable, str(path)) if path.suffix == ".py" else (str(path),)


def program(name):
    """Return the words that start what is made of a source; skip the test if it cannot be made."""
    if NO_OPENMP and name.startswith(("04", "05")):
        pytest.skip(f"no OpenMP for {name}")
    path = ROOT / name
    return start(path if path.suffix == ".py" else path.parent / "build" / path.stem)


@cache
def help_of(*command):
    return run(*command, "--help").stdout


def limits(command):
    """Return {option: (its lowest number, its highest)}, as --help says."""
    found = re.findall(r"^  (--?[a-z]+).* (\d+) to (\d+) \(default: ", help_of(*command), re.M)
    return {option: (int(low), int(high)) for option, low, high in found}


@pytest.mark.parametrize("name", NAMES)
def test_options_are_explained_and_others_refused(name):
    command = program(name)
    assert run(*command, "--help").returncode == 0
    fails(2, "", *command, "--nonsense")
    assert limits(command) or Path(name).stem in {"manners", "roofline"}
    for option, (low, high) in limits(command).items():
        wrong = f"'{high + 1}': expected a whole number from {low} to {high}"
        fails(2, wrong, *command, f"{option}={high + 1}")


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """Return the root of a copy of all chapters, built as they are here."""
    root = tmp_path_factory.mktemp("a copy")
    for name in "tools", ".venv":
        (root / name).symlink_to(ROOT / name)
    for chapter in ROOT.glob("0*"):
        # The checks of exercises, which may run meanwhile, leave files there for a moment.
        shutil.copytree(chapter, root / chapter.name, True, shutil.ignore_patterns("work-*"))
    return root


def head(name, smallest):
    """Return the commands at the head of a source, where those that run it end in `smallest`."""
    text = re.split("^(?:#include|import|from) ", (ROOT / name).read_text(), flags=re.M)[0]
    text = re.sub(r"\\\n[ *]*", "", text)
    lines = re.findall(r"^(?: \* |)    ((?:cc|mkdir|python3?) .*)", text, re.M)
    assert lines
    return [line + smallest if re.search(r"^python|\./", line) else line for line in lines]


@pytest.mark.parametrize("name", NAMES)
def test_the_commands_at_the_head_work_as_typed(name, copy):
    numbers, folder = limits(program(name)), copy / Path(name).parts[0]
    if name.endswith(("libraries.py", "peers.py")):
        pytest.skip(f"the libraries of {name} may be missing")
    if "roofline" in name and not (folder / "build/limits.json").exists():
        pytest.skip(f"{name} needs measurements")
    smallest = "".join(f" {o} {numbers[o][0]}" for o in ("-n", "--times") if o in numbers)
    # A bare Python, and a locale that may have no UTF-8.
    script = ['python3() { PYTHONIOENCODING=ascii python -S "$@"; }', *head(name, smallest)]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = run("bash", "-ec", "\necho\n".join(script), cwd=folder, env={"PATH": path})
    assert done.returncode == 0, done.stderr
    for table in re.findall(r"^version +threads .*(?:\n.+)*", done.stdout, re.M):
        assert len({len(line.split()) for line in table.splitlines()}) == 1, table


@pytest.mark.parametrize(
    "name", [n for n in NAMES if re.match(r"0[345][^/]+/(data/|more/)?\w+.py", n)]
)
def test_python_says_what_to_type_before_it_is_built(name, tmp_path):
    link = tmp_path / "program.py"  # beside it is no build/, and -S hides what set-up installed
    link.symlink_to(ROOT / name)
    command = sys.executable, "-S", str(link)
    fails(2, "type: make build", *command, env={"PYTHONPATH": str(ROOT / "tools")})


@pytest.mark.parametrize("name", COUNTS)
def test_numbers_are_read_alike(name):
    command = program(name)
    for text in "abc", "0", "-3", "", " 1", "2.5", "257", "9" * 23:
        fails(2, f"'{text}': expected a whole number from 1 to 256", *command, "-t", text)
    fails(2, "", *command, "5")
    fails(2, "", *command, "-n")


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("options", [("--help",), ("-n", "9")])
def test_a_full_disk_is_a_failure_and_a_closed_pipe_ends_a_program_in_silence(name, options):
    with open("/dev/full", "w") as full:
        fails(1, "", *program(name), *options, stdout=full)
    reader, closed = os.pipe()
    os.close(reader)
    done = run(*program(name), *options, stdout=closed)
    assert (done.returncode, done.stderr) == (-signal.SIGPIPE, "")


@pytest.mark.parametrize("name", COUNTS)
def test_no_room_for_threads_or_processes(name):
    limited = "bash", "-c", 'ulimit "$1" "$2" && exec "${@:3}"', "bash"
    fails(1, "start", *limited, "-v", "300000", *program(name), "-t", "256", "-n", "3000000")
    if name.endswith(".py"):
        fails(1, "open", *limited, "-n", "14", *program(name), "-n", "1000")


@pytest.mark.parametrize("name", ["04-openmp-prange/add.c", "04-openmp-prange/add.py"])
def test_openmps_variable_is_the_default_of_t_or_nothing(name):
    teams = {("99999",): 256, ("abc",): 2, ("-3",): 2, ("abc", "-t", "3"): 3}
    for (value, *options), team in teams.items():
        done = run(*program(name), "-n", "1000", *options, env={"OMP_NUM_THREADS": value})
        assert f"at one moment: {team}\n" in done.stdout


@pytest.mark.parametrize("name", [*COUNTS, "03-nogil-extension/primes.py"])
def test_ctrl_c_ends_a_program_at_once_in_silence_unless_it_is_ignored(name):
    command = program(name)
    longest = "-n", str(limits(command)["-n"][1])
    for how, options, code in ("default", longest, -signal.SIGINT), ("ignore", (), 0):
        words = "env", f"--{how}-signal=INT", *command, *options
        with subprocess.Popen(words, stdout=-1, stderr=-1) as running:
            running.stdout.readline()  # it has begun
            running.send_signal(signal.SIGINT)
            assert running.communicate(timeout=300)[1] == b"" and running.returncode == code
