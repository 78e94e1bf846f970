"""Standard output and error that outlast their reader: a closed terminal or pipe ends no work."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO


class _Lasting(io.FileIO):
    """Writes as a file does, until nobody can read it any more; from then on into nothing.

    A pipe's reader that is gone is EPIPE, a terminal that was closed is EIO. On a file, EIO is a
    broken disk, and an error.
    """

    def __init__(self, descriptor: int, *, closefd: bool) -> None:
        super().__init__(descriptor, "wb", closefd=closefd)
        self._gone = {errno.EPIPE, errno.EIO} if self.isatty() else {errno.EPIPE}

    def write(self, octets: Any, /) -> int:
        try:
            return super().write(octets)
        except OSError as error:
            if error.errno not in self._gone:
                raise
            return memoryview(octets).nbytes


@contextlib.contextmanager
def lasting() -> Iterator[None]:
    """Within it, printing to standard output and error does not fail when nobody reads."""
    out, err = _lasting(sys.stdout, 1), _lasting(sys.stderr, 2)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            yield
        finally:
            for stream in (out, err):
                if stream is not None:  # closed before we were started: print says nothing then
                    stream.flush()


def apart() -> TextIO:
    """Standard output for us alone; what native libraries print goes to standard error.

    OpenEXR prints warnings to standard output from C++; in a stream of JSON they would be noise.
    """
    if not _is_descriptor(sys.stdout, 1):
        return sys.stdout
    sys.stdout.flush()
    own = os.dup(1)
    os.dup2(2, 1)
    return _text(_Lasting(own, closefd=True), "utf-8", "strict")


def _lasting(stream: TextIO, descriptor: int) -> TextIO:
    if not _is_descriptor(stream, descriptor):
        return stream
    stream.flush()
    errors = stream.errors or "strict"
    return _text(_Lasting(descriptor, closefd=False), stream.encoding, errors)


def _text(raw: io.FileIO, encoding: str, errors: str) -> TextIO:
    buffered = io.BufferedWriter(raw)
    return io.TextIOWrapper(buffered, encoding, errors, line_buffering=raw.isatty())


def _is_descriptor(stream: TextIO | None, descriptor: int) -> bool:
    """Whether a stream is the process's own one; not a test's, nor an embedding program's."""
    try:
        return stream is not None and stream.fileno() == descriptor
    except (io.UnsupportedOperation, ValueError):
        return False
