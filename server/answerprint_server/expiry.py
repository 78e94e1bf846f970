"""Expiry: when certificates end. Only what everybody may read of them is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path

from cryptography import x509

from answerprint.documents import count

SOON_DAYS = 30  # before its end a certificate is spoken of
MOST_FILES, MOST_BYTES = 100, 1 << 16
_ENDINGS = (".pem", ".crt", ".cert")
_BEGIN = b"-----BEGIN CERTIFICATE-----"


def ends(folder: Path) -> dict[str, float]:
    """Certificate file below the folder -> seconds since 1970 at which its first one ends.

    What is no certificate is passed over: keys lie beside them, and nobody opens those here.
    """
    found = {}
    for path in sorted(_files(folder))[:MOST_FILES]:
        end = _end(path)
        if end is not None:
            found[path.relative_to(folder).as_posix()] = end
    return found


def of(paths: Iterable[Path]) -> dict[str, float]:
    """As `ends`, of these files."""
    return {path.as_posix(): end for path in paths if (end := _end(path)) is not None}


def soon(ends: Mapping[str, float]) -> list[str]:
    """A sentence for each of these that ends within SOON_DAYS, or has ended."""
    now, said = datetime.now(timezone.utc), []
    for name, end in ends.items():
        until = datetime.fromtimestamp(end, timezone.utc)
        days = (until - now).days
        if days < 0:
            said.append(f"{name} ended on {until:%Y-%m-%d}: have it renewed.")
        elif days < SOON_DAYS:
            said.append(
                f"{name} ends on {until:%Y-%m-%d}, in {count(days, 'day')}: have it renewed."
            )
    return said


def _files(folder: Path) -> list[Path]:
    try:
        return [one for one in folder.rglob("*") if one.suffix in _ENDINGS and one.is_file()]
    except OSError:
        return []


def _end(path: Path) -> float | None:
    try:
        with path.open("rb") as stream:
            if path.stat().st_size > MOST_BYTES or stream.read(len(_BEGIN)) != _BEGIN:
                return None
            stream.seek(0)
            held = stream.read(MOST_BYTES)
        chain = x509.load_pem_x509_certificates(held)
    except (OSError, ValueError):  # none that may be read, or none at all
        return None
    return min(one.not_valid_after_utc.timestamp() for one in chain)
