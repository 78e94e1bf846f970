"""Certificates: a studio's own authority, and what it vouches for: servers by name, people by user.

    CN  user, or the server's first name     O  show     OU  role: artist or admin

Its key signs nothing but these. It is believed by our clients alone, from the site's configuration:
it has no business in a system's own store, and so no name constraints.
"""

from __future__ import annotations

import ipaddress
import os
import re
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from answerprint import documents
from answerprint.errors import JobError, SetupError
from answerprint_server.expiry import SOON_DAYS

CA = "ca"
CA_DAYS, SERVER_DAYS, CLIENT_DAYS = 3650, 397, 90
MOST_DAYS = 7300
MOST_BYTES = 64 << 10
ROLES = ("artist", "admin")

Kind = Literal["ca", "server", "client"]

USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
SHOW = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HOST = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,62})(\.[A-Za-z0-9][A-Za-z0-9-]{0,62})*"
)


@dataclass(frozen=True)
class Made:
    """One certificate of the folder; `name` is that of its files, `names` whom it is for."""

    kind: Kind
    name: str
    names: tuple[str, ...]
    show: str
    role: str
    until: datetime
    serial: str
    certificate: Path

    @property
    def key(self) -> Path:
        return self.certificate.with_suffix(".key")

    @property
    def days(self) -> int:
        """Whole days that are left; below zero: it has expired."""
        return (self.until - _now()).days


@dataclass(frozen=True)
class Wanted:
    """How long it is to be valid, and whether it takes the place of one that is there.

    renew     with the key that is there; `new_key`: with a new one
    """

    days: int | None = None
    renew: bool = False
    new_key: bool = False


def authority(folder: Path, studio: str, wanted: Wanted) -> Made:
    """The studio's own authority, `ca.pem` and `ca.key`. Renewed, it vouches for all it did before.

    Raises:
        JobError: it is there, and is not to be renewed; or a number is wrong.
        SetupError: the folder cannot be written, or a file in it is none of ours.
    """
    key = _key(folder, CA, wanted)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{studio} Answerprint CA"[:64])])
    if wanted.renew and not wanted.new_key:
        name = _load(folder / f"{CA}.pem").subject  # another name would be another authority
    usage = _usage(sign=False)
    built = (
        _begun(name, name, key.public_key(), _days(wanted, CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
    )
    return _kept(folder, CA, key, built.sign(key, hashes.SHA256()))


def server(folder: Path, names: Sequence[str], wanted: Wanted) -> Made:
    """One for a server, for each name or number that clients reach it by; files after the first.

    Renewed by its first name alone, it keeps the others.

    Raises:
        JobError, SetupError: as `authority`; or a name can be none.
    """
    for name in names:
        if _number(name) is None and not _HOST.fullmatch(name):
            raise JobError(
                f"'{name}' is no name of a machine, and no number.",
                remedy="Give names and numbers as clients write them before the port.",
            )
    file = f"server-{names[0].replace(':', '_')}"
    before = _renewed(folder, file, wanted)
    names = before.names if before and len(names) == 1 else names
    return _signed(
        folder,
        file,
        [(NameOID.COMMON_NAME, names[0][:64])],
        ExtendedKeyUsageOID.SERVER_AUTH,
        [_name(one) for one in names],
        (wanted, SERVER_DAYS),
    )


def client(folder: Path, user: str, show: str | None, role: str | None, wanted: Wanted) -> Made:
    """One for a person, with the show it is for, '' for all, and the role.

    None: as the one has it that is renewed; else for all, and an artist's.

    Raises:
        JobError, SetupError: as `authority`; or the user or the show can be none.
    """
    before = _renewed(folder, f"client-{user}", wanted)
    show = show if show is not None else before.show if before else ""
    role = role or (before.role if before else ROLES[0])
    check_person(user, show)
    words = [(NameOID.COMMON_NAME, user), (NameOID.ORGANIZATIONAL_UNIT_NAME, role)]
    words += [(NameOID.ORGANIZATION_NAME, show)] if show else []
    usage = ExtendedKeyUsageOID.CLIENT_AUTH
    return _signed(folder, f"client-{user}", words, usage, [], (wanted, CLIENT_DAYS))


def check_person(user: str, show: str) -> None:
    """Raises JobError: a gateway could not tell by them whom it has before it."""
    if not USER.fullmatch(user):
        raise JobError(
            f"'{user}' is no user: letters, digits, '.', '_' and '-', 32 at most.",
            remedy="Give the name that the person logs in with.",
        )
    if show and not SHOW.fullmatch(show):
        raise JobError(
            f"'{show}' is no show: letters, digits, '.', '_' and '-', 64 at most.",
            remedy="Give the name that jobs have as their show.",
        )


def made(folder: Path) -> Iterator[Made]:
    """All certificates of a folder by name; a file that is none of ours is passed over."""
    for path in sorted(folder.glob("*.pem")):
        with suppress(SetupError):
            yield _made(path)


def _renewed(folder: Path, name: str, wanted: Wanted) -> Made | None:
    """What is to be renewed; None: nothing, or it is not there."""
    path = folder / f"{name}.pem"
    return _made(path) if wanted.renew and path.exists() else None


def _signed(
    folder: Path,
    name: str,
    words: Sequence[tuple[x509.ObjectIdentifier, str]],
    usage: x509.ObjectIdentifier,
    names: Sequence[x509.GeneralName],
    valid: tuple[Wanted, int],
) -> Made:
    wanted, usually = valid
    days = _days(wanted, usually)
    issuer = _load(folder / f"{CA}.pem")
    with_key = _private(folder / f"{CA}.key")
    left = (issuer.not_valid_after_utc - _now()).days
    if left < days:
        raise JobError(
            f"It would be valid for {days} days, and the authority is for {left}.",
            remedy="Renew the authority first: 'answerprint server certs ca --renew'.",
        )
    key = _key(folder, name, wanted)
    subject = x509.Name([x509.NameAttribute(kind, word) for kind, word in words])
    authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(with_key.public_key())
    built = (
        _begun(subject, issuer.subject, key.public_key(), days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(sign=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(authority_key, critical=False)
    )
    if names:
        built = built.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return _kept(folder, name, key, built.sign(with_key, hashes.SHA256()))


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_now() - timedelta(minutes=5))  # clocks differ
        .not_valid_after(_now() + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, sign: bool) -> x509.KeyUsage:
    """Of what a certificate vouches for, or of the authority itself."""
    return x509.KeyUsage(
        digital_signature=sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not sign,
        crl_sign=not sign,
        encipher_only=False,
        decipher_only=False,
    )


def _days(wanted: Wanted, usually: int) -> int:
    days = usually if wanted.days is None else wanted.days
    if not 1 <= days <= MOST_DAYS:
        raise JobError(f"--days is {days}.", remedy=f"Give 1 to {MOST_DAYS}.")
    return days


def _key(folder: Path, name: str, wanted: Wanted) -> ec.EllipticCurvePrivateKey:
    """A new key, or the one that is there where it is to be renewed.

    Raises:
        JobError: one is there and nobody said what is to become of it, or none is there to renew.
    """
    path = folder / f"{name}.pem"
    if not path.exists() and not path.with_suffix(".key").exists():
        if wanted.renew:
            raise JobError(
                f"There is no {path.as_posix()} to renew.", remedy="Leave --renew out to make one."
            )
        return ec.generate_private_key(ec.SECP256R1())
    if not wanted.renew:
        raise JobError(
            f"{path.as_posix()} is there already, and is not overwritten.",
            remedy="Give --renew for a new certificate of its key, and --new-key for a new key too.",
        )
    if wanted.new_key:
        return ec.generate_private_key(ec.SECP256R1())
    return _private(path.with_suffix(".key"))


def _kept(
    folder: Path, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate
) -> Made:
    """Both files, the key first and for nobody else to read."""
    path = folder / f"{name}.pem"
    held = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write(path.with_suffix(".key"), held, 0o600)
    write(path, certificate.public_bytes(serialization.Encoding.PEM), 0o644)
    return _made(path)


def write(path: Path, content: bytes, mode: int) -> None:
    """The whole file or none, never for a moment with more rights.

    Raises:
        SetupError: it cannot be written.
    """
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(file, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise SetupError(
            f"{path.as_posix()} cannot be written: {error.strerror}.",
            remedy="Check the folder and its rights, or name another one.",
        ) from error


def pem(path: Path) -> bytes:
    """What a PEM file holds, whoever made it.

    Raises:
        SetupError: it cannot be read, or is none.
    """
    held = _read(path)
    if b"-----BEGIN " not in held:
        raise SetupError(
            f"{path.as_posix()} holds no PEM.",
            remedy="Name a certificate or key as 'answerprint server certs' makes them.",
        )
    return held


def check_shown(path: Path, held: bytes, key: Path, secret: bytes) -> None:
    """Raises SetupError: a server cannot show this certificate with this key, whoever made them."""
    try:
        shown = x509.load_pem_x509_certificate(held)
        private = serialization.load_pem_private_key(secret, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SetupError(
            f"{path.as_posix()} and {key.as_posix()} are no certificate, and key without a password.",
            remedy="Name two that 'answerprint server certs server NAME' made together.",
        ) from error
    if private.public_key() != shown.public_key():
        raise SetupError(
            f"{key.as_posix()} is not the key of {path.as_posix()}.",
            remedy="Name the two that were made together with --cert and --key.",
        )
    with suppress(x509.ExtensionNotFound):
        usages = shown.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        if ExtendedKeyUsageOID.SERVER_AUTH not in usages:
            raise SetupError(
                f"{path.as_posix()} is no server's certificate.",
                remedy="Make one with 'answerprint server certs server NAME', and name it.",
            )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            held = stream.read(MOST_BYTES + 1)
    except FileNotFoundError as error:
        lacks = "Make it with 'answerprint server certs', the authority first."
        raise SetupError(f"{path.as_posix()} is not there.", remedy=lacks) from error
    except OSError as error:
        raise SetupError(
            f"{path.as_posix()} cannot be read: {error.strerror}.", remedy="Check its rights."
        ) from error
    if len(held) > MOST_BYTES:
        raise SetupError(
            f"{path.as_posix()} is larger than {MOST_BYTES:,} bytes.",
            remedy="Name a certificate or key alone.",
        )
    return held


def _load(path: Path) -> x509.Certificate:
    held = _read(path)
    try:
        return x509.load_pem_x509_certificate(held)
    except ValueError as error:
        raise _foreign(path) from error


def _private(path: Path) -> ec.EllipticCurvePrivateKey:
    held = _read(path)
    try:
        key = serialization.load_pem_private_key(held, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _foreign(path) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise _foreign(path)
    return key


def _foreign(path: Path) -> SetupError:
    return SetupError(
        f"{path.as_posix()} is none that 'answerprint server certs' made.",
        remedy="Name the folder that it made with --dir.",
    )


def _made(path: Path) -> Made:
    held = _load(path)
    word = path.stem.partition("-")[0]
    kind: Kind = "ca" if word == CA else "server" if word == "server" else "client"
    names = [_word(held, NameOID.COMMON_NAME)]
    with suppress(x509.ExtensionNotFound):
        found = held.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = [str(one.value) for one in found]
    return Made(
        kind,
        path.stem,
        tuple(names),
        _word(held, NameOID.ORGANIZATION_NAME),
        _word(held, NameOID.ORGANIZATIONAL_UNIT_NAME),
        held.not_valid_after_utc,
        serial(held.serial_number),
        path,
    )


def serial(number: int) -> str:
    """As OpenSSL, and so nginx, writes it: two digits for each byte."""
    return number.to_bytes(max(1, -(-number.bit_length() // 8)), "big").hex().upper()


def _word(held: x509.Certificate, kind: x509.ObjectIdentifier) -> str:
    found = held.subject.get_attributes_for_oid(kind)
    return str(found[0].value) if found else ""


def _number(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _name(name: str) -> x509.GeneralName:
    number = _number(name)
    return x509.DNSName(name) if number is None else x509.IPAddress(number)


def _now() -> datetime:
    return datetime.now(timezone.utc)


def told(one: Made) -> str:
    """A line for people; how long it is still valid."""
    whom = ", ".join(one.names)
    what = {"ca": "authority", "server": "server", "client": one.role or "artist"}[one.kind]
    left = "EXPIRED" if one.days < 0 else documents.count(one.days, "day")
    warned = "  renew it now" if one.days < SOON_DAYS else ""
    show = f" of {one.show}" if one.show else ""
    return f"{what:<10}{whom}{show}, until {one.until:%Y-%m-%d}, {left}{warned}"
