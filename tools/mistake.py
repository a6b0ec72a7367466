"""Show a mistake: compile its file, and call its broken and its fixed function, each in a child.

A file NAME.pyx in a folder of mistakes has
- a head of comments: what goes wrong, in one line; what is *expected* to be seen of the broken
  function, and not of the fixed one; the *cause*, the *fix*, and what to *remember*;
- broken() and fixed(), or several functions broken_...() and fixed_...(); where Cython refuses to
  compile broken(), that is what is seen of it;
- observe(function), which calls one of them, and prints and returns what is to be seen.

What imports cython.parallel is compiled with OpenMP's flags (but, if the head says so, "not for
broken()"), with the head's variables OMP_... If "nothing is seen" of broken(), it says so and why.
Exit code 0 if it showed itself and its fixes are fixes, 1 if not, 2 without a compiler or OpenMP.
"""

import re
import shutil
import signal
import sys
from pathlib import Path

import bench
import compiling

FREE_THREADED = "python3.15t", "python3.14t", "python3t"
ASK = "import sysconfig as s; print(s.get_config_var('Py_GIL_DISABLED') and s.get_path('include'))"
CHILD = "import {} as mistake; print(mistake.observe(mistake.{}))"
# What is shown of all that Python and a sanitizer say when they end a child.
LOUD = r"Fatal Python error.*|Timeout .*|ERROR: AddressSanitizer: [\w-]+|READ of size \d+"
LOUD += "|RuntimeWarning: .*|still running after .*"


def head_of(source):
    """Return the comments that a file begins with."""
    return re.sub("^# ?", "", re.match(r"(?:#.*\n)+", source.read_text())[0], flags=re.M)


def surroundings(text):
    """Return Python, flags for the compiler, and variables; or None if the mistake needs more."""
    # A free-threaded Python has its GIL, too, and what is asserted is looked at.
    variables = {"PYTHON_GIL": "1", "PYTHONOPTIMIZE": ""}
    if "cython.parallel" in text:
        if not compiling.OPENMP:
            bench.fail(2, "no OpenMP here; type make doctor")
        variables |= re.findall(r"(OMP_\w+)=(\w+)", text)
        return sys.executable, compiling.OPENMP, variables
    if "AddressSanitizer" in text:
        flags, more = compiling.address_sanitizer()
        return sys.executable, flags, variables | more
    if not re.search("^# needs +a free-threaded Python", text, re.M):
        return sys.executable, [], variables
    for python in (sys.executable, *filter(None, map(shutil.which, FREE_THREADED))):
        include = compiling.run([python, "-c", ASK])[1].strip()
        if Path(include, "Python.h").exists():
            return python, [f"-I{include}"], {"PYTHON_GIL": ""}
    return None


def build(source, target, *flags):
    """Compile a file to a module; return what Cython says, and whether it refuses broken()."""
    copy = target.with_suffix(".pyx")
    copy.write_text(source.read_text())
    done, said = compiling.translate(target.with_suffix(".c"), copy)
    if not done:
        copy.write_text(re.sub(r"^def broken\(.*?(?=^\S)", "", copy.read_text(), flags=re.M | re.S))
    flags = *flags, "-O2", "-I", source.parent.parent
    if problem := compiling.build(target, target.with_suffix(".c") if done else copy, *flags):
        bench.fail(2, problem)
    return [line for line in said if line], not done


def seen(code, output, errors):
    """Return the lines that tell what a child did; its code is None if it had no end."""
    lines = [*output.splitlines(), *re.findall(LOUD, errors)] or errors.strip().splitlines()[-1:]
    name = f" ({signal.Signals(-code).name})" if code and code < 0 else ""
    return [*lines, f"exit code {code}{name}"] if code else lines


def shows_itself(source, text, python, flags, variables):
    """Show what is seen of each function; return whether all is as the head says."""
    target = source.parent.parent / "build" / "mistakes" / f"{source.stem}.so"
    target.parent.mkdir(parents=True, exist_ok=True)
    variables["PYTHONPATH"] = str(target.parent)
    expected = re.findall('"(.*?)"', re.search("^# expected .*", text, re.M)[0])
    built, right = None, []
    for name in dict.fromkeys(re.findall(r"def .*\b((?:broken|fixed)\w*)\(", text)):
        needed = [] if name == "broken" and "not for broken()" in text else flags
        if needed != built:
            (said, refused), built = build(source, target, *needed), needed
        command = [python, "-u", "-X", "dev", "-P", "-c", CHILD.format(source.stem, name)]
        code, lines = 1, said if name == "broken" else []
        if not (refused and name == "broken"):
            code, *rest = compiling.run(command, 120, f"{name}()", **variables)
            lines = lines + seen(code, *rest)
        print(f"{name + '()':<24}" + f"\n{'':<24}".join(lines), flush=True)
        there = any(words in line for words in (*expected, "nothing is seen") for line in lines)
        right.append(there if "broken" in name else code == 0 and bool(lines) and not there)
    return len(right) > 1 and all(right)


def run(file):
    """Show the mistake that the command line names; without a name, list those beside the file."""
    folder = Path(file).absolute().parent

    def main():
        name = bench.read_options("Show a mistake.", name={"nargs": "?", "help": "its name"}).name
        heads = {source.stem: head_of(source) for source in sorted(folder.glob("*.pyx"))}
        if name is None:
            print("\n".join(f"{known:<22}{heads[known].splitlines()[0]}" for known in heads))
            return
        if name not in heads:
            bench.fail(2, f"{name}: no such mistake; python {folder.name} lists them")
        print(heads[name].replace("\n", "\n\n", 1), flush=True)
        text = (folder / f"{name}.pyx").read_text()
        if found := surroundings(text):
            if not shows_itself(folder / f"{name}.pyx", text, *found):
                bench.fail(1, "this is not what was expected")
        else:
            print(f"nothing is seen: no {' or '.join(FREE_THREADED)}, with headers, is on PATH")

    bench.run(main)
