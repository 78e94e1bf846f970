"""Expiry: when the certificates of a folder end. Only what everybody may read of them is read."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509

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
