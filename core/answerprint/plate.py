"""Plates: an image sequence on disk, in every spelling the field uses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from answerprint import mapping
from answerprint.errors import Fix, JobError, SourceError
from answerprint.frames import FrameRange

# ####  @@@@  %04d  %d  $F4  $F: the frame's place in a file name
_TOKEN = re.compile(r"#+|@+|%0?(\d{0,2})d|\$F(\d{0,2})")
MOST_FRAME = 999_999_999  # as frame ranges can spell

MOST_PATH = 4096  # letters of a path; systems bear hardly more

_LAST_NUMBER = re.compile(r"(?:^|[._-])(-?\d+)(?=(?:\.b?geo)?\.[^.]+$)")  # .bgeo.gz is one ending


@dataclass(frozen=True)
class Plate:
    """Where a plate's frames lie: `folder/head<frame>tail`, or one file for every frame.

    `padding` is the least number of digits; None means a single file (a still).
    """

    folder: Path
    head: str
    padding: int | None
    tail: str

    @classmethod
    def parse(cls, text: str) -> Plate:
        """Read a path spelled with ####, @@@@, %04d, $F4, or without a frame: a single file.

        Raises:
            JobError: the path is empty or too long, or its file name holds two frame numbers.
        """
        if len(text) > MOST_PATH:
            raise JobError(
                f"The path {text[:40]}... has {len(text):,} letters; a path has at most "
                f"{MOST_PATH:,}.",
                remedy="Check the path.",
            )
        path = Path(text)
        if not path.name or "\0" in text:
            raise JobError(
                f"'{text}' names no file.",
                remedy="Give a path like plates/bg.####.exr, plates/bg.%04d.exr or plates/bg.exr.",
            )
        tokens = list(_TOKEN.finditer(path.name))
        if not tokens:
            return cls(path.parent, path.name, None, "")
        if len(tokens) > 1:
            raise JobError(
                f"'{path.name}' holds two places for a frame number.",
                remedy="Keep one of them, like bg.####.exr.",
            )
        token = tokens[0]
        return cls(
            path.parent, path.name[: token.start()], _padding(token), path.name[token.end() :]
        )

    def __str__(self) -> str:
        """The path with forward slashes and #### for the frame: what artists and hosts read."""
        mark = "" if self.padding is None else "#" * max(self.padding, 1)
        return (self.folder / f"{self.head}{mark}{self.tail}").as_posix()

    @property
    def name_with_mark(self) -> str:
        """The file name alone, with #### for the frame."""
        return Path(str(self)).name

    @property
    def is_still(self) -> bool:
        return self.padding is None

    def name(self, frame: int) -> str:
        if self.padding is None:
            return self.head
        sign = "-" if frame < 0 else ""
        return f"{self.head}{sign}{abs(frame):0{self.padding}d}{self.tail}"

    def file(self, frame: int) -> Path:
        return self.folder / self.name(frame)

    def absolute(self) -> Plate:
        return Plate(self.folder.absolute(), self.head, self.padding, self.tail)

    def on_disk(self) -> FrameRange:
        """The frames that lie on disk. A still has the number in its name, or frame 1.

        Raises:
            SourceError: the folder, or any frame in it, is not there or cannot be listed.
        """
        try:
            names = [entry.name for entry in self.folder.iterdir()]
        except OSError as error:
            raise SourceError(
                f"The folder of {self} cannot be read: {error.strerror}.",
                remedy=f"Check the path, and that the share is mounted here.{self._foreign()}",
            ) from error
        found = FrameRange.of(frame for name in names if (frame := self._frame(name)) is not None)
        if not found.numbers:
            raise SourceError(
                f"There is no file {self}.",
                remedy=f"Check the spelling of the path and its number.{self._foreign()}",
            )
        return found

    def _foreign(self) -> str:
        if not mapping.foreign(self.folder / self.head):
            return ""
        return " It is spelled as on Windows: a site's 'mappings' say which folder that is here."

    def _frame(self, name: str) -> int | None:
        if self.padding is None:
            return frame_in_name(name, otherwise=1) if name == self.head else None
        if not (name.startswith(self.head) and name.endswith(self.tail)):
            return None
        digits = name[len(self.head) : len(name) - len(self.tail)]
        if re.fullmatch(r"-?\d{1,99}", digits) is None:
            return None
        frame = int(digits)
        return frame if abs(frame) <= MOST_FRAME and self.name(frame) == name else None


def with_view(text: str, views: Sequence[str] | None) -> str:
    """A path with its %V or %v, as stereo sequences in files of their own have it, filled in.

    Raises:
        JobError: the path has one, and the job does not choose one view.
    """
    if "%V" not in text and "%v" not in text:
        return text
    if views is None or len(views) != 1:
        found = ", ".join(views_on_disk(text)) or "none that can be told"
        raise JobError(
            f"{Path(text).name} holds a view in each of its sequences; the job chooses "
            f"{'none' if views is None else ' and '.join(views)}.",
            remedy=f"Choose one with --view, a job for each. On disk: {found}.",
        )
    return text.replace("%V", views[0]).replace("%v", views[0][:1])


def views_on_disk(text: str) -> list[str]:
    """The words that stand for %V in a folder's name, or in the file's, among what is there."""
    named = Path(text)
    while re.search("%[Vv]", named.parent.as_posix()):  # the folder nearest to the root tells
        named = named.parent
    try:
        names = [entry.name for entry in named.parent.iterdir()]
    except (OSError, ValueError):  # not there, not ours to read, or no path at all
        return []
    spelled = _TOKEN.sub("0", re.sub("%[Vv]", "\0", named.name))
    words = (re.escape(word).replace("0", r"-?\d+") for word in spelled.split("\0"))
    reader = re.compile(r"([^/]+?)".join(words))
    found = map(reader.fullmatch, names)
    return sorted({match[1] for match in found if match})


def frame_in_name(name: str, *, otherwise: int | None = None) -> int | None:
    """The frame number in a file's name: 1001 in bg.1001.exr, bg_1001.exr, 1001.exr."""
    match = _LAST_NUMBER.search(name)
    return int(match[1]) if match else otherwise


def check_frames(
    plate: Plate, wanted: FrameRange, found: FrameRange, fix: Fix | None = None
) -> None:
    """Hold the frames asked for against those on disk; `fix`: what cures it if some are missing.

    Raises:
        JobError: those that are missing all lie outside the plate's range.
        SourceError: some are missing within it; says how many and the first.
    """
    if plate.is_still:
        return
    missing = sorted(set(wanted) - set(found))
    if not missing:
        return
    inside = [frame for frame in missing if found.first <= frame <= found.last]
    if not inside:
        raise JobError(
            f"Frames {FrameRange.of(missing)} lie outside {plate}, which has {found}.",
            remedy=f"Ask for frames within {found}.",
            fix=fix,
        )
    raise SourceError(
        f"{plate} lacks {_count(missing)} of the {len(wanted)} frames asked for, "
        f"first {missing[0]}.",
        remedy="Render the missing frames, or ask for a range without them.",
        fix=fix,
    )


def _count(frames: Iterable[int]) -> str:
    return f"{len(list(frames)):,}"


def _padding(token: re.Match[str]) -> int:
    text = token[0]
    if text[0] in "#@":
        return len(text)
    return int(token[1] or token[2] or 1)
