"""Takes: numbered, finished results that are never overwritten.

root/show/shot/name/v003/
    name_v003.1001.exr ...      what the artist sees
    w001/name_v003_w001.1001.exr ...   the same for each variation of a wedge
    .take/claim.json            who took the number, when, from which process
    .take/job.json              the job as it runs
    .take/events.jsonl          the journal; events.1001-1010.jsonl of a process that does a part
    .take/lease.json            only while a process writes; lease.1001-1010.json for a part
    .take/manifest.json         written last: the take is complete
"""

from __future__ import annotations

import getpass
import hashlib
import os
import re
import socket
import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from answerprint import documents, holder, journal, signing
from answerprint.errors import TakeError, TakeExists
from answerprint.frames import FrameRange
from answerprint.holder import Holder
from answerprint.journal import Event, Journal
from answerprint.plate import frame_in_name

MANIFEST_SCHEMA = "answerprint.manifest/v1"

_NUMBER = re.compile(r"v(\d{3,})")
_VARIATION = re.compile(r"w(\d{3,})")
_PART = re.compile(r"^[0-9a-f]{8}\.|\.part$")
_LONGEST_NAME = 60
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

    def lease_of(self, frames: FrameRange | None) -> Path:
        """The lease file of a part; None: of all the take. Equal parts have the same one."""
        return self.private / f"lease{_named(frames)}.json"

    def journal_of(self, frames: FrameRange | None) -> Journal:
        """The journal of whoever does a part; None: of whoever does all."""
        return Journal(self.private / f"events{_named(frames)}.jsonl")

    def pattern(self, variation: str = "") -> str:
        """The frames' path with #### for the frame, forward slashes."""
        return (self.folder / variation / f"{self._stem(variation)}.####.exr").as_posix()

    def file(self, frame: int, variation: str = "") -> Path:
        sign = "-" if frame < 0 else ""
        name = f"{self._stem(variation)}.{sign}{abs(frame):04d}.exr"
        return self.folder / variation / name

    def part_file(self, frame: int, variation: str = "") -> Path:
        """Where this process writes a frame before it gets its name: same disk, out of sight."""
        return self.private / f"{_MARK}.{self.file(frame, variation).name}.part"

    def trial_file(self) -> Path:
        """Where this process may write a frame for a moment, to see how long that takes."""
        return self.private / f"{_MARK}.{self._stem('')}.trial.exr.part"

    def part_files(self) -> dict[Path, str]:
        """What processes left unfinished, and the name that each was to get."""
        parts = self.private.glob(f"*{self.name}_{self.label}*.exr.part")
        return {part: _PART.sub("", part.name) for part in parts}

    def unfinished(self) -> set[Path]:
        """All that is aside, of frames and documents, while it is written or since a crash."""
        return {one for one in self.private.glob("*") if one.suffix in (".part", ".taking")}

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
        found = {}
        for file in (self.folder / variation).glob(f"{self._stem(variation)}.*.exr"):
            frame = frame_in_name(file.name)
            if frame is not None and self.file(frame, variation) == file:
                found[frame] = file
        return dict(sorted(found.items()))

    def variations(self) -> list[str]:
        """The folders of a wedge's variations, in their order; none for a take that is no wedge."""
        names = (entry.name for entry in self.folder.glob("w*") if entry.is_dir())
        return sorted((name for name in names if _VARIATION.fullmatch(name)), key=_wedge_order)

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


def claim(stream: Path, *, number: int | None = None) -> Take:
    """Take the next number of a stream (root/show/shot/name), or the one asked for.

    The number belongs to whoever makes its folder; it is never given out again.

    Raises:
        TakeExists: the number asked for is taken.
        TakeError: the folder cannot be written.
    """
    try:
        stream.mkdir(parents=True, exist_ok=True)
        folder = _make_number(stream, number)
        take = Take(folder)
        take.private.mkdir()
        mark = uuid.uuid4().hex
        documents.write(take.private / "claim.json", {"uuid": mark, **_who()})
    except OSError as error:
        raise documents.unwritable(stream, error) from error
    # an NFS reply can be lost after the file was made; only the uuid inside tells
    if take.read("claim")["uuid"] != mark:
        raise TakeError(
            f"Another process wrote its claim into {folder.as_posix()}.",
            remedy="Run the job again; it gets the next number.",
        )
    return take


def check_free(stream: Path, number: int) -> None:
    """Raises TakeExists: the number is taken."""
    folder = stream / f"v{number:03d}"
    if folder.exists():
        raise TakeExists(
            f"{folder.name} of {stream.name} exists already.",
            remedy=f"A take is never overwritten. Leave the number out to get "
            f"v{_highest(stream) + 1:03d}.",
        )


def commit_frame(take: Take, frame: int, variation: str = "") -> Path:
    """Give a written part file its final name; from here on the frame is visible and whole."""
    final = take.file(frame, variation)
    part = take.part_file(frame, variation)
    try:
        if variation:  # a take that was removed is not made again, number and all
            final.parent.mkdir(exist_ok=True)
        os.replace(part, final)  # noqa: PTH105 - said as the atomic call it is
        _sync_folder(final.parent)
    except OSError as error:
        raise documents.unwritable(take.folder, error) from error
    return final


def commit(
    take: Take, frames: Mapping[Item, dict[str, str]], signer: signing.Signer, **facts: Any
) -> None:
    """Write the signed manifest: the take is complete and closed.

    `frames`: item -> {"file", "pixels", "statement_id"}; `facts` are kept beside them.
    """
    manifest = {
        "schema": MANIFEST_SCHEMA,
        "take": f"{take.name}/{take.label}",
        "claim": take.read("claim")["uuid"],
        "created": documents.now(),
        **facts,
        "frames": {str(item): frames[item] for item in sorted(frames, key=_item_order)},
    }
    signature = signer.sign(documents.canonical(manifest))
    take.write("manifest", {"manifest": manifest, "signature": signature})
    _sync_folder(take.private)


def find(path: Path) -> Take:
    """The take that a path means: its folder, a frame in it, its .take, or a stream's newest.

    Raises:
        TakeError: there is no take there.
    """
    place = Path(os.path.abspath(path))  # noqa: PTH100 - without following links, and without '..'
    for folder in (place, *place.parents[:2]):
        if _is_take(folder):
            return Take(folder)
    numbers = sorted(_numbers(place), reverse=True) if place.is_dir() else []
    for number in numbers:
        if _is_take(place / f"v{number:03d}"):
            return Take(place / f"v{number:03d}")
    raise TakeError(
        f"There is no take at {path.as_posix()}.",
        remedy="Give a take's folder (.../v001) or a frame in it; 'answerprint takes' lists them.",
    )


def _is_take(folder: Path) -> bool:
    return bool(_NUMBER.fullmatch(folder.name)) and (folder / ".take").is_dir()


def of_stream(stream: Path) -> Iterator[Take]:
    """The takes that lie in a stream itself, newest number first; none if it cannot be listed."""
    try:
        numbers = sorted(_numbers(stream), reverse=True)
    except OSError:
        return
    for number in numbers:
        folder = stream / f"v{number:03d}"
        if _is_take(folder) and not folder.is_symlink():
            yield Take(folder)


def below(root: Path) -> Iterator[Take]:
    """All takes below a folder, newest claim first, and those of a stream by their numbers.

    The time of a claim says only which streams are newer: a clock may have been wrong.
    """
    found = [Take(private.parent) for private in root.rglob(".take") if private.is_dir()]
    found = [take for take in found if _NUMBER.fullmatch(take.label)]
    latest: dict[Path, str] = {}
    ranks = []
    for take in sorted(found, key=lambda take: take.number):
        stream, claimed = take.folder.parent, _claimed(take)
        if claimed:  # none is older than one with a lower number
            claimed = latest[stream] = max(claimed, latest.get(stream, ""))
        ranks.append((claimed, stream.as_posix(), take.number, take))
    yield from (rank[-1] for rank in sorted(ranks, key=lambda rank: rank[:-1], reverse=True))


def _claimed(take: Take) -> str:
    try:
        return str(take.read("claim")["created"])
    except (TakeError, KeyError, TypeError):  # died while claiming: listed as the oldest
        return ""


def _make_number(stream: Path, number: int | None) -> Path:
    if number is not None:
        check_free(stream, number)
    attempt = number or _highest(stream) + 1
    while True:
        folder = stream / f"v{attempt:03d}"
        try:
            folder.mkdir()
        except FileExistsError:
            if number is not None:
                check_free(stream, number)
            attempt += 1
        else:
            return folder


def _named(frames: FrameRange | None) -> str:
    """'.1001-1010', as the files of a part have it in their names; a long range is cut short."""
    if frames is None:
        return ""
    spelled = str(frames)
    if len(spelled) > _LONGEST_NAME:
        digest = hashlib.sha256(spelled.encode()).hexdigest()[:12]
        spelled = f"{frames.first}-{frames.last}.{digest}"
    return f".{spelled}"


def _wedge_order(label: str) -> int:
    return int(label[1:])


def _item_order(item: Item) -> tuple[int, int]:
    return _wedge_order(item.variation) if item.variation else 0, item.frame


def _numbers(stream: Path) -> list[int]:
    matches = (_NUMBER.fullmatch(entry.name) for entry in stream.iterdir())
    return [int(match[1]) for match in matches if match]


def _highest(stream: Path) -> int:
    return max(_numbers(stream), default=0)


def _who() -> dict[str, Any]:
    return {
        "user": getpass.getuser(),
        "machine": socket.gethostname(),
        "pid": os.getpid(),
        "created": documents.now(),
    }


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # Windows cannot open a folder; its rename is durable on its own
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
