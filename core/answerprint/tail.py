"""A tail: the lines that were written to a file since it was last looked at."""

from __future__ import annotations

import os
from pathlib import Path

MOST_AT_ONCE = 4 << 20
MOST_LINE_BYTES = 1 << 20


class Tail:
    """Reads each line of a growing file once.

    offset   where the first line begins that was not yet read; another tail may go on from there
    """

    def __init__(self, path: Path, offset: int = 0) -> None:
        self.path, self.offset = path, offset
        self._in_long_line = False

    def lines(self) -> tuple[list[bytes], bool]:
        """The next whole lines, and whether these were all that there are for now.

        A line that is too long comes as an empty one, and so does what a file lost that has
        become shorter. No file at all is an empty one: it may not be there yet.

        Raises:
            OSError: the file cannot be read.
        """
        try:
            with self.path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                if size < self.offset:
                    self.offset = size
                    return [b""], True
                file.seek(self.offset)
                block = file.read(MOST_AT_ONCE)
        except FileNotFoundError:
            return [], True
        is_all = self.offset + len(block) >= size
        return self._cut(block), is_all

    def _cut(self, block: bytes) -> list[bytes]:
        *whole, rest = block.split(b"\n")
        if self._in_long_line and whole:
            whole[0], self._in_long_line = b"", False
        self.offset += len(block) - len(rest)
        if len(rest) > MOST_LINE_BYTES or self._in_long_line:
            self.offset += len(rest)
            self._in_long_line = True
        return [line if len(line) <= MOST_LINE_BYTES else b"" for line in whole]
