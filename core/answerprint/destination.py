"""Destination: where a take goes, what it is called, and whether there is room for it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from answerprint import documents, geometries, mapping, takes
from answerprint.checks import check_looks_writable, check_writable
from answerprint.contract import Contract
from answerprint.errors import JobError
from answerprint.job import Job
from answerprint.plate import Plate, frame_in_name
from answerprint.site import Site

DEFAULT_ROOT = Path("takes")

_NUMBER = re.compile(r"-?\d+$")  # as it is written: 0010, -5


def find(
    job: Job, contract: Contract, main: Plate, site: Site, *, tries: bool = True
) -> tuple[Path, str, str]:
    """Where the take goes: (root, stream folder below it, take name).

    `tries`: to write there; False: only looks whether that may be.

    Raises:
        JobError: it lies outside the allowed roots, or is spelled as on another system.
        TakeError: it cannot be written; TakeExists if the number asked for is taken.
    """
    out = job.out
    root = _here(out.root or site.root or DEFAULT_ROOT)
    site.check_allowed(root, "Output folder")
    stem = without_suffix(main.head)
    if main.is_still and frame_in_name(main.head) is not None:
        stem = _NUMBER.sub("", stem)  # the take's frames have a number of their own
    stem = stem.strip("._- ") or "plate"
    name = out.name or f"{_safe(stem)}_{contract.task}"
    stream = "/".join(part for part in (out.show, out.shot, name) if part)
    site.check_allowed(root / stream, "Output folder")  # a folder on the way may be a link
    (check_writable if tries else check_looks_writable)(root / stream)
    if out.take is not None and (root / stream).is_dir():
        takes.check_free(root / stream, out.take, out.numbers or site.numbers)
    return root, stream, name


def without_suffix(head: str) -> str:
    """The beginning of a plate's name, without the ending that a single file has."""
    known = geometries.suffix(head)
    return head[: -len(known)] if known else head.removesuffix(".exr")


def _here(root: Path) -> Path:
    """The root as an absolute path; one of another system would become a folder of a strange name."""
    spelled = mapping.elsewhere(str(root))
    if spelled:
        raise JobError(
            f"The output folder {root} is spelled as {spelled}.",
            remedy="Give the folder's name on this system, or have a site's 'mappings' say which "
            "folder that is here.",
        )
    return root.absolute()


def needed(file: Path, items: int, scale: int) -> int:
    """Bytes that so many frames take, as a file of the plate says: an estimate.

    `scale`: how many times larger than the plate's the result's edges are, at most.
    """
    return file.stat().st_size * items * scale**2


def space(root: Path, needed: int) -> list[str]:
    """A warning where the disk will not do for so many bytes."""
    free = shutil.disk_usage(documents.nearest(root)).free
    if free > needed:
        return []
    return [f"space: about {needed / 1e9:.1f} GB needed, {free / 1e9:.1f} GB free; it may fill up"]


def _safe(stem: str) -> str:
    kept = "".join(
        char if char.isascii() and (char.isalnum() or char in "_.-") else "_" for char in stem
    )
    return kept.lstrip("_.-")[:60] or "plate"
