"""Vouching: whether frames that others wrote count for a take, by the records in them."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from answerprint import begin, medium, record, signing
from answerprint.documents import count
from answerprint.errors import SigningError, SourceError
from answerprint.takes import Item, Take
from answerprint.write import Place

Keys = dict[str, Ed25519PublicKey]

READERS = 8  # of headers, at once; a share answers each one late


class Vouched(NamedTuple):
    """What a frame's header says that was signed. `strangers`: keys of it that are not trusted."""

    made: record.Record
    strangers: frozenset[str]


def vouched(place: Place, trusted: Keys, files: dict[Item, Path]) -> dict[Item, Vouched]:
    """The frames that others wrote, where they are frames of this job."""
    with ThreadPoolExecutor(READERS, "close") as pool:
        read = pool.map(lambda file: _signed(file, trusted), files.values())
        return {
            item: one
            for item, one in zip(files, read, strict=True)
            if one is not None and begin.is_of(one.made, item, place)
        }


def _signed(file: Path, trusted: Keys) -> Vouched | None:
    """The record in a file, unless its signature is wrong. The pixels are not looked at."""
    try:
        content = medium.structure(file)
    except SourceError:
        return None
    texts = medium.of(file).said(content)
    pairs = {(str(one.get(record.STATEMENT)), str(one.get(record.SIGNATURE))) for one in texts}
    checks = {name: signing.check(text.encode(), name, trusted) for text, name in pairs}
    made = record.extract(content)
    if made is None or len(pairs) != 1 or False in checks.values():
        return None
    strangers = (signing.key_of(name) for name, right in checks.items() if right is None)
    return Vouched(made, frozenset(strangers))


def check_keys(take: Take, found: Iterable[Vouched]) -> None:
    """Raises SigningError: frames that lie there count only once their keys are trusted."""
    unknown = [one.strangers for one in found if one.strangers]
    if not unknown:
        return
    keys = sorted(frozenset().union(*unknown))
    several = len(keys) > 1
    raise SigningError(
        f"{count(len(unknown), 'frame')} of {take.name} {take.label} "
        f"{'is' if len(unknown) == 1 else 'are'} signed with key{'s' if several else ''} "
        f"{', '.join(keys)}, which {'are' if several else 'is'} not trusted.",
        remedy=f"Copy {', '.join(f'{key}.pub' for key in keys)} from the trust folder of who made "
        "them into yours or the site's, then resume the take: it is closed with them.",
    )
