"""Two threads wait for each other for ever: one has the GIL, the other has a lock.

    python mistakes/lock_and_gil.py

A child process runs into the deadlock. Its watchdog is a thread in C that needs no GIL.
"""

import re

from mistakes import build, child, say, show

CHILD = """
import faulthandler, threading, time
import lock_and_gil as table

def visitor():
    table.visit()

def inserter():
    faulthandler.dump_traceback_later(2, exit=True)
    table.insert_broken()

thread = threading.Thread(target=visitor)
thread.start()
while not table.is_visiting():
    time.sleep(0.001)
inserter()
thread.join()
print("both are done")
"""
# Nothing hangs here, so the watchdog may be patient with a busy machine.
FIXED = CHILD.replace("insert_broken", "insert_fixed").replace("later(2,", "later(60,")


def stacks(output):
    """Return a line for each thread of the child: which function it is in, and on which line."""
    source = CHILD.splitlines()
    return [
        f"{name} is in: {source[int(number) - 1].strip()}"
        for number, name in re.findall(r'File "<string>", line (\d+) in (\w+)', output)
        if name != "<module>"
    ]


def main():
    say("expected", "a deadlock, ended after 2 s, with both threads waiting in C")

    build("lock_and_gil")
    code, output = child(CHILD)
    waiting = stacks(output)
    deadlock = "Timeout (" in output and "both are done" not in output and code == 1
    say("seen", output.strip().partition("\n")[0] + f" Exit code {code}.", *waiting)
    say(
        "cause",
        "visit() keeps the mutex and waits for the GIL; insert_broken() keeps the GIL and "
        "waits for the mutex. Each has what the other needs.",
    )
    say(
        "fix",
        "never wait for a lock with the GIL held: insert_fixed() releases the GIL first, "
        "and so must everybody who takes this lock (3.13's PyMutex_Lock does it by itself)",
    )

    fixed_code, output = child(FIXED)
    say("fixed", f"{output.strip()}; exit code {fixed_code}")
    named = {line.partition(" ")[0] for line in waiting} == {"visitor", "inserter"}
    return deadlock and named and fixed_code == 0


if __name__ == "__main__":
    show(__doc__, main)
