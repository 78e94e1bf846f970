"""Signing: one Ed25519 key per user, and the public keys that a studio believes."""

from __future__ import annotations

import base64
import binascii
import getpass
import hashlib
import os
import stat
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from answerprint import documents
from answerprint.errors import SigningError

MOST_KEY_BYTES = 4096


@dataclass(frozen=True)
class Signer:
    """A private key. `kid`, the key's name, is the start of its public key's SHA-256."""

    key: Ed25519PrivateKey
    kid: str

    def sign(self, message: bytes) -> str:
        """Sign; the result reads `ed25519:<kid>:<base64>`."""
        return f"ed25519:{self.kid}:{base64.b64encode(self.key.sign(message)).decode()}"


def own_signer(home: Path) -> Signer:
    """The user's key, made on first use: private file mode 0600, public half trusted.

    Raises:
        SigningError: the key cannot be made or read, or others may read it.
    """
    private = home / "keys" / "ed25519.key"
    try:
        if not private.exists():
            _make(private)
        key = _read(private)
        signer = Signer(key, _kid(key.public_key()))
        public = home / "trust" / f"{signer.kid}.pub"
        if not public.exists():
            _write_new(public, _public_line(key.public_key()), 0o644)
    except (OSError, ValueError) as error:
        raise _unusable(private, error) from error
    return signer


def check_own(home: Path) -> None:
    """Refuse a key that `own_signer` would; where there is none yet, a folder that takes none.

    Nothing is made, and nothing written.

    Raises:
        SigningError: the key cannot be read, others may read it, or it could not be made.
    """
    private = home / "keys" / "ed25519.key"
    try:
        if private.exists():
            _read(private)
        else:
            documents.check_rights(private.parent)
    except (OSError, ValueError) as error:
        raise _unusable(private, error) from error


def trusted_keys(folders: Iterable[Path]) -> dict[str, Ed25519PublicKey]:
    """Key name -> public key, from all *.pub files of the folders. A missing folder is empty.

    Raises:
        SigningError: a file in a trust store is no public key.
    """
    keys = {}
    for folder in folders:
        for file in sorted(folder.glob("*.pub")):
            try:
                key = _public_key(file.read_text(encoding="utf-8")[:MOST_KEY_BYTES])
            except (OSError, ValueError) as error:
                raise SigningError(
                    f"{file.as_posix()} is not a public key.",
                    remedy="Remove it from the trust store, or copy the key again.",
                ) from error
            keys[_kid(key)] = key
    return keys


def check(message: bytes, signature: str, trusted: dict[str, Ed25519PublicKey]) -> bool | None:
    """Whether the signature is right: True or False, or None when its key is not trusted."""
    try:
        scheme, kid, encoded = signature.split(":")
        blob = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        return False
    # one signature has one spelling: base64 leaves bits at its end that mean nothing
    if scheme != "ed25519" or base64.b64encode(blob).decode() != encoded:
        return False
    if kid not in trusted:
        return None
    try:
        trusted[kid].verify(blob, message)
    except InvalidSignature:
        return False
    return True


def key_of(signature: str) -> str:
    """The name of the key that a signature says it was made with; '' where it says none."""
    return signature.split(":")[1] if signature.count(":") == 2 else ""


def _read(private: Path) -> Ed25519PrivateKey:
    _check_private(private)
    raw = base64.b64decode(private.read_bytes()[:MOST_KEY_BYTES].strip(), validate=True)
    return Ed25519PrivateKey.from_private_bytes(raw)


def _unusable(private: Path, error: Exception) -> SigningError:
    return SigningError(
        f"The signing key {private.as_posix()} cannot be used: {error}.",
        remedy="Check the folder's rights. If the file is damaged, move it away; "
        "a new key is made on next use.",
    )


def _make(private: Path) -> None:
    raw = Ed25519PrivateKey.generate().private_bytes_raw()
    _write_new(private, base64.b64encode(raw) + b"\n", 0o600)


def _write_new(path: Path, content: bytes, mode: int) -> None:
    """Create the file with its whole content, or leave the one that another process just made."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(file, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.link(temporary, path)
    except FileExistsError:
        return
    finally:
        temporary.unlink()


def _check_private(path: Path) -> None:
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise SigningError(
            f"Others may read your signing key {path.as_posix()}.",
            remedy=f"Run: chmod 600 {path.as_posix()}",
        )


def _public_line(key: Ed25519PublicKey) -> bytes:
    name = "".join(getpass.getuser().split())
    return f"ed25519 {base64.b64encode(key.public_bytes_raw()).decode()} {name}\n".encode()


def _public_key(line: str) -> Ed25519PublicKey:
    kind, encoded, *_ = line.split()
    if kind != "ed25519":
        raise ValueError(kind)
    return Ed25519PublicKey.from_public_bytes(base64.b64decode(encoded, validate=True))


def _kid(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]
