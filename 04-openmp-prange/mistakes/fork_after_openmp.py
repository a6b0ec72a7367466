"""A process forks after a parallel loop, and the child hangs in its own.

    python mistakes/fork_after_openmp.py

The child tells when it comes to its loop, and when it leaves it. With gcc's libgomp it never
leaves; the libomp of clang notices the fork.
"""

import mistakes
from mistakes import OPENMP, load, say, show

DONE = "before the loop, after the loop of 2 threads"
HUNG = "before the loop, and nothing more"
PARENT = """
import multiprocessing
import fork_after_openmp

fork_after_openmp.work(lambda text: None)
context = multiprocessing.get_context("METHOD")
receiver, sender = context.Pipe(False)
child = context.Process(target=fork_after_openmp.work, args=(sender.send,))
child.start()
said = [receiver.recv() if receiver.poll(s) else "and nothing more" for s in (60, PATIENCE)]
child.kill()
child.join()
print("child:", ", ".join(said))
"""


def child(method, patience):
    """Start a child after a parallel loop; return what it said within a time for its own loop."""
    code = PARENT.replace("METHOD", method).replace("PATIENCE", str(patience))
    lines = mistakes.child(code)[1].splitlines()  # Python 3.12 and newer warn first, of fork
    return next((line[7:] for line in lines if line.startswith("child: ")), "nothing")


def main():
    say("expected", f"with libgomp a child that says: {HUNG}; with libomp it works")

    runtime = load("fork_after_openmp", "-O0", *OPENMP).runtime
    seen = child("fork", 3 if runtime == "libgomp" else 60)  # seconds, for two iterations
    say("seen", f"fork, with {runtime}: {seen}")
    if runtime == "libomp":
        say("", "libomp notices the fork, so nothing hangs here; compile with gcc to see it")
    say(
        "cause",
        "fork copies the memory, but of the threads only the one that calls it. libgomp's "
        "memory says that the team is there, and the child waits for a thread that is not.",
    )
    say("fix", 'multiprocessing.get_context("forkserver") or "spawn": a fresh process')

    fixed = {method: child(method, 60) for method in ("forkserver", "spawn")}
    say("fixed", *(f"{method}: {said}" for method, said in fixed.items()))
    shown = seen == (DONE if runtime == "libomp" else HUNG)
    return shown and set(fixed.values()) == {DONE}


if __name__ == "__main__":
    show(__doc__, main)
