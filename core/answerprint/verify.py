"""Verifying: one frame, a take, or everything below a folder, against signatures alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from answerprint import gated, geometries, medium, record, signing, takes
from answerprint.documents import canonical, count
from answerprint.errors import SourceError, TakeError
from answerprint.plate import frame_in_name
from answerprint.record import Finding, Verdict
from answerprint.take import PICTURES
from answerprint.takes import Item, Take

Keys = dict[str, Ed25519PublicKey]

# From best to worst: a take is as good as its worst frame
_ORDER = [
    Verdict.OK,
    Verdict.UNKNOWN_KEY,
    Verdict.ABSENT,
    Verdict.PIXELS_CHANGED,
    Verdict.BAD_SIGNATURE,
]


@dataclass(frozen=True)
class Judged:
    """A verdict on one file or one take."""

    path: Path
    kind: str
    finding: Finding

    @property
    def verdict(self) -> Verdict:
        return self.finding.verdict

    def as_json(self) -> dict[str, Any]:
        return {
            "path": self.path.as_posix(),
            "kind": self.kind,
            "verdict": self.verdict.value,
            "why": self.finding.why,
        }


def verify(path: Path, trusted: Keys) -> Iterator[Judged]:
    """Judge a frame; a take: its frames, then itself; or all takes and loose frames of a folder.

    Raises:
        SourceError: there is nothing to verify at the path, or a single file cannot be read.
    """
    if path.is_file():
        yield Judged(path, "frame", frame(path, trusted))
        return
    if not path.is_dir():
        raise SourceError(f"There is nothing at {path.as_posix()}.", remedy="Check the path.")
    found = False
    for take in _takes(path):
        found = True
        yield from _take(take, trusted)
    for file in [] if (path / ".take").is_dir() else _loose(path):
        found = True
        yield Judged(file, "frame", _safely(file, trusted))
    if not found:
        raise SourceError(
            f"There is no take, no EXR file and no geometry in {path.as_posix()}.",
            remedy="Check the path.",
        )


def frame(path: Path, trusted: Keys) -> Finding:
    """Judge one frame by its own header. A record of another frame number is said.

    Raises:
        SourceError: the file is no EXR and no geometry, or cannot be decoded.
    """
    finding = record.verify(medium.read(path), trusted)
    named = frame_in_name(path.name)
    made = finding.record
    if finding.verdict is Verdict.OK and made and named is not None and named != made.frame:
        why = f"{finding.why} The record is of frame {made.frame}: the file was renamed."
        return Finding(Verdict.OK, why, made)
    return finding


def within(take: Take, items: Iterable[Item], trusted: Keys) -> Iterator[tuple[Item, Finding]]:
    """Judge some frames of a take as parts of it: against its manifest too, where it has one."""
    manifest, named = _manifest(take, trusted)
    closed = manifest.verdict is not Verdict.ABSENT
    for item in items:
        finding = _safely(take.file(*item), trusted)
        if manifest.verdict is Verdict.OK:
            finding = _against(finding, named.get(str(item)))
        yield item, manifest if closed and manifest.verdict is not Verdict.OK else finding


def _takes(path: Path) -> list[Take]:
    if (path / ".take").is_dir():
        return [takes.find(path)]
    return list(takes.below(path))


def _take(take: Take, trusted: Keys) -> Iterator[Judged]:
    """Judge each frame by itself and against the signed manifest, then the take as a whole."""
    manifest = _manifest(take, trusted)
    named: dict[str, dict[str, str]] = manifest[1]
    judged = []
    items = {file: str(item) for item, file in take.items().items()}
    for file in _files(take):  # also those that are not named as frames are
        finding = _safely(file, trusted)
        if manifest[0].verdict is Verdict.OK:
            finding = _against(finding, named.get(items.get(file, "")))
        judged.append(Judged(file, "frame", finding))
    for key in sorted(named.keys() - set(items.values())):
        missing = Finding(Verdict.ABSENT, "The frame is missing; the manifest names it.")
        item = Item.parse(key)
        judged.append(Judged(take.file(item.frame, item.variation), "frame", missing))
    yield from judged
    yield Judged(take.folder, "take", _with_checks(take, _whole(manifest[0], judged)))


def _loose(folder: Path) -> list[Path]:
    """Files of a folder that may hold a record."""
    return sorted(
        file for file in folder.glob("*") if file.suffix == PICTURES or geometries.suffix(file.name)
    )


def _files(take: Take) -> list[Path]:
    folders = [take.folder, *(take.folder / label for label in take.variations())]
    return [file for folder in folders for file in sorted(folder.glob(f"*{take.suffix}"))]


def _manifest(take: Take, trusted: Keys) -> tuple[Finding, dict[str, dict[str, str]]]:
    """The verdict on the manifest, and the frames it names."""
    if not (take.private / "manifest.json").is_file():
        return Finding(Verdict.ABSENT, f"The take is {take.state()}: it has no manifest."), {}
    try:
        document = take.read("manifest")
        manifest, signature = document["manifest"], document["signature"]
        named = {str(Item.parse(key)): dict(facts) for key, facts in manifest["frames"].items()}
        right = signing.check(canonical(manifest), signature, trusted)
    except (TakeError, KeyError, TypeError, ValueError, AttributeError):
        return Finding(Verdict.BAD_SIGNATURE, "The manifest is damaged."), {}
    if right is None:
        return Finding(Verdict.UNKNOWN_KEY, "The manifest's key is not in the trust store."), named
    if right is False:
        return Finding(Verdict.BAD_SIGNATURE, "The manifest was edited after signing."), named
    if manifest["take"] != f"{take.name}/{take.label}":
        why = f"The manifest is that of {manifest['take']}."
        return Finding(Verdict.BAD_SIGNATURE, why), named
    return Finding(
        Verdict.OK, f"{count(len(named), 'frame')}, signed {manifest['created']}."
    ), named


def _against(finding: Finding, named: dict[str, str] | None) -> Finding:
    if finding.verdict is not Verdict.OK or finding.record is None:
        return finding
    if named is None:
        why = "The frame was added: the manifest does not name it."
        return Finding(Verdict.PIXELS_CHANGED, why, finding.record)
    # the statement too: equal pixels may be of another frame, or of another take
    made = (finding.record.pixels, finding.record.statement_id)
    if (named.get("pixels"), named.get("statement_id")) != made:
        why = "The frame is signed, and is not the one that the manifest names."
        return Finding(Verdict.PIXELS_CHANGED, why, finding.record)
    return finding


def _whole(manifest: Finding, judged: list[Judged]) -> Finding:
    worst = max(judged, key=lambda one: _ORDER.index(one.verdict), default=None)
    if worst is None or _ORDER.index(manifest.verdict) >= _ORDER.index(worst.verdict):
        return manifest
    bad = sum(one.verdict is not Verdict.OK for one in judged)
    return Finding(worst.verdict, f"{count(bad, 'frame')} of {len(judged)}: {worst.finding.why}")


def _with_checks(take: Take, whole: Finding) -> Finding:
    """The verdict of the gates belongs to what was signed, where there is one."""
    if whole.verdict is Verdict.OK and gated.of(take).edited:
        return Finding(Verdict.BAD_SIGNATURE, "The verdict of its checks was edited after signing.")
    return whole


def _safely(path: Path, trusted: Keys) -> Finding:
    """A damaged file among others is a verdict, not the end of the walk."""
    try:
        return frame(path, trusted)
    except SourceError as error:
        return Finding(Verdict.PIXELS_CHANGED, error.problem)
