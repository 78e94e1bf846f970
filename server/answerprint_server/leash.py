"""A leash: run a program that Linux ends when whoever started it is killed.

    python leash.py PID PROGRAM ARGUMENT...

A script of its own rather than a function between fork and exec: forking a Python that has used
gRPC can crash the child. Needs nothing but Python.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def words() -> list[str]:
    """Arguments for Python, to stand before the program's own: it ends with the caller."""
    return [__file__, str(os.getpid())]


def main(parent: int, program: list[str]) -> None:
    """Become the program. Its parent's death ends it, also one that came before this was said."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() == parent:
        os.execv(program[0], program)  # noqa: S606 - the server's own binary


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
