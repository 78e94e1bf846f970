"""A take on disk: its folder, its frames by number, its documents, and its state.

root/show/shot/name/v003/
    name_v003.1001.exr ...      what the artist sees; of geometry .bgeo, .vdb, ...
    w001/name_v003_w001.1001.exr ...   the same for each variation of a wedge
    .take/claim.json            who took the number, when, from which process
    .take/job.json              the job as it runs
    .take/events.jsonl          the journal; events.1001-1010.jsonl of a process that does a part
    .take/lease.json            only while a process writes; lease.1001-1010.json for a part, and
                                lease.w001-w025.json for one of a wedge
    .take/manifest.json         written last: the take is complete
"""

from __future__ import annotations

import functools
import os
import re
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from answerprint import documents, geometries, holder, journal
from answerprint.errors import TakeError
from answerprint.frames import FrameRange
from answerprint.holder import Holder
from answerprint.journal import Event, Journal
from answerprint.part import Part
from answerprint.plate import frame_in_name

_VARIATION = re.compile(r"w(\d{3,})")
_PART = re.compile(r"^[0-9a-f]{8}\.|\.part(\.\w+)?$")
_ASIDE = re.compile(r"\.part(\.\w+)?$|\.taking$")
NUMBER = re.compile(r"v(\d{3,}|[1-9]\d?)")  # of a take's folder: v003, or v3 where that was asked
PICTURES = ".exr"  # the ending of a take's files unless its claim says another
SUFFIXES = (PICTURES, *geometries.TAKES)
# of the parts that this process writes: one that was thought dead does not write into another's
_MARK = uuid.uuid4().hex[:8]


class Item(NamedTuple):
    """One frame of one variation; `variation` is empty where the job is no wedge."""

    frame: int
    variation: str = ""

    def __str__(self) -> str:
        """As a manifest names it: 1001, or w001/1001."""
        return f"{self.variation}/{self.frame}" if self.variation else str(self.frame)

    @classmethod
    def parse(cls, text: str) -> Item:
        variation, _, frame = text.rpartition("/")
        return cls(int(frame), variation)


@dataclass(frozen=True)
class Take:
    """One take's place on disk. `folder` ends in its number: .../noisy_denoise/v003."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.parent.name

    @property
    def label(self) -> str:
        return self.folder.name

    @property
    def number(self) -> int:
        return int(self.label[1:])

    @functools.cached_property
    def suffix(self) -> str:
        """The ending of its files, as its claim says it; .exr where that says none."""
        try:
            claim = self.read("claim")
        except TakeError:  # died while claiming: there are no files
            return PICTURES
        said = claim.get("suffix") if isinstance(claim, dict) else None
        return said if said in SUFFIXES else PICTURES

    @property
    def private(self) -> Path:
        return self.folder / ".take"

    @property
    def lease_file(self) -> Path:
        return self.private / "lease.json"

    def leases(self) -> dict[Path, Holder]:
        """Who holds the take or parts of it: file -> holder, dead ones too."""
        found = {file: holder.read(file) for file in sorted(self.private.glob("lease*.json"))}
        return {file: one for file, one in found.items() if one is not None}

    def lease_of(self, part: Part | FrameRange | None) -> Path:
        """The lease file of a part; None: of all the take. Equal parts have the same one."""
        return self.private / f"lease{_named(part)}.json"

    def journal_of(self, part: Part | FrameRange | None) -> Journal:
        """The journal of whoever does a part; None: of whoever does all."""
        return Journal(self.private / f"events{_named(part)}.jsonl")

    def pattern(self, variation: str = "") -> str:
        """The frames' path with #### for the frame, forward slashes."""
        name = f"{self._stem(variation)}.####{self.suffix}"
        return (self.folder / variation / name).as_posix()

    def file(self, frame: int, variation: str = "") -> Path:
        return self.folder / variation / _frame_name(self._stem(variation), frame, self.suffix)

    def part_file(self, frame: int, variation: str = "") -> Path:
        """Where this process writes a frame before it gets its name: same disk, out of sight."""
        return self.private / f"{_MARK}.{self.file(frame, variation).name}{self._aside}"

    def trial_file(self) -> Path:
        """Where this process may write a frame for a moment, to see how long that takes."""
        return self.private / f"{_MARK}.{self._stem('')}.trial{self.suffix}{self._aside}"

    def part_files(self) -> dict[Path, str]:
        """What processes left unfinished, and the name that each was to get."""
        ending = f"{self.suffix}{self._aside}"
        parts = self.private.glob(f"*{self.name}_{self.label}*{ending}")
        return {part: _PART.sub("", part.name) for part in parts}

    def unfinished(self) -> set[Path]:
        """All that is aside, of frames and documents, while it is written or since a crash."""
        return {one for one in self.private.glob("*") if _ASIDE.search(one.name)}

    @property
    def _aside(self) -> str:
        """What a file aside has behind its name. Formats of geometry are told by the very end."""
        return ".part" if self.suffix == PICTURES else f".part{self.suffix}"

    def _stem(self, variation: str) -> str:
        return f"{self.name}_{self.label}{f'_{variation}' if variation else ''}"

    def journal(self) -> Journal:
        return self.journal_of(None)

    def journals(self) -> list[Path]:
        return sorted(self.private.glob("events*.jsonl"))

    def told(self) -> Iterator[Event]:
        """Events of all journals, by time; those of each in the order that it has them in.

        Raises TakeError: a journal cannot be read.
        """
        return journal.merged(self.journals())

    def events(self) -> list[Event]:
        """All that is `told`, in a list."""
        return list(self.told())

    def read(self, document: str) -> Any:
        """Raises TakeError: the document is missing or damaged."""
        return documents.read(self.private / f"{document}.json")

    def write(self, document: str, content: Any) -> None:
        """Raises TakeError: it cannot be written; DiskFull if there is no space."""
        try:
            documents.write(self.private / f"{document}.json", content)
        except OSError as error:
            raise documents.unwritable(self.folder, error) from error

    def frames(self, variation: str = "") -> dict[int, Path]:
        """The frames that lie in the folder under their final names, by number."""
        return {number: self.file(number, variation) for number in self.numbers(variation)}

    def numbers(self, variation: str = "") -> list[int]:
        """The same without their paths: a list of hundreds of takes wants no more."""
        stem, suffix = self._stem(variation), self.suffix
        try:
            names = os.listdir(self.folder / variation)  # noqa: PTH208 - names, fast
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return []
        found = ((frame_in_name(name), name) for name in names if name.startswith(stem))
        return sorted(
            number
            for number, name in found
            if number is not None and _frame_name(stem, number, suffix) == name
        )

    def variations(self) -> list[str]:
        """The folders of a wedge's variations, in their order; none for a take that is no wedge."""
        names = (entry.name for entry in self.folder.glob("w*") if entry.is_dir())
        return sorted((name for name in names if _VARIATION.fullmatch(name)), key=wedge_order)

    def items(self) -> dict[Item, Path]:
        """Every frame of every variation under its final name."""
        return {
            Item(frame, variation): file
            for variation in ("", *self.variations())
            for frame, file in self.frames(variation).items()
        }

    @property
    def is_complete(self) -> bool:
        return (self.private / "manifest.json").is_file()

    def state(self, stale: Collection[Path] = ()) -> str:
        """complete, running, stalled, cancelled, incomplete, or abandoned (a number without a job).

        Stalled: whoever wrote it is dead. Of a process on another machine that shows only to who
        watches its lease; `stale` are lease files found to be so, by `holder.watch`.

        Raises TakeError: a journal cannot be read.
        """
        if self.is_complete:
            return "complete"
        leases = self.leases()
        if any(file not in stale and not holder.is_dead(one) for file, one in leases.items()):
            return "running"
        if not (self.private / "job.json").is_file():
            return "abandoned"
        if leases:
            return "stalled"
        ends = [end for file in self.journals() if (end := journal.last(file, "finished"))]
        ends.sort(key=lambda end: str(end.get("time", "")))
        return "cancelled" if ends and ends[-1].get("state") == "cancelled" else "incomplete"


def spelled(number: int, numbers: str = "v001") -> str:
    """A take's number as its folder is named; `numbers`: how 1 is, v001 or v1."""
    return f"v{number}" if numbers == "v1" else f"v{number:03d}"


def spelling(label: str) -> str:
    """How 1 is spelled, v001 or v1, where a take's folder is named like this."""
    return "v001" if label[1:2] == "0" or len(label) > len("v99") else "v1"


def wedge_order(label: str) -> int:
    """For sorting the labels of variations: 1 for w001."""
    return int(label[1:])


def _frame_name(stem: str, frame: int, suffix: str) -> str:
    return f"{stem}.{'-' if frame < 0 else ''}{abs(frame):04d}{suffix}"


def _named(part: Part | FrameRange | None) -> str:
    """'.1001-1010', as the files of a part have it in their names."""
    name = Part.of(part).file_name
    return f".{name}" if name else ""
