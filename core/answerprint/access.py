"""Access: what a server behind a gateway wants to see of us, and why a connection with it fails."""

from __future__ import annotations

import os
import re
import socket
import ssl
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from answerprint.errors import JobError, ServerRefused, SetupError
from answerprint.site import Site

MOST_BYTES = 64 << 10  # of a PEM file or a token: a chain of certificates has a few thousand
LOOK_SECONDS = 3.0

_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{16,512}")
_NO_ADDRESS = re.compile(r"[/?#@\s]")
# OpenSSL's X509_V_ERR_*
_EXPIRED, _NOT_YET = 10, 9
_NAMES = (62, 64)
_ISSUERS = (18, 19, 20, 21)


@dataclass(frozen=True)
class Access:
    """Certificates as PEM, and a token. Nothing of it is ever printed.

    ca           who may vouch for the server
    certificate  who we are, with `key`; None: the token says it, or nothing does
    """

    ca: bytes
    certificate: bytes | None = None
    key: bytes | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, site: Site) -> Access | None:
        """As the site's configuration has it; None: it names no certificates.

        Raises:
            SetupError: a file is missing, is not what it should be, has expired, or is for others
                to read; or there is a token, and nothing that hides it on its way.
        """
        if site.tls is None:
            if site.token is not None:
                raise SetupError(
                    "The site has a token and no certificates: it would travel for all to read.",
                    remedy="Set `ca` under [tls] in the site file, or leave `token` out.",
                )
            return None
        tls = site.tls
        if (tls.certificate is None) != (tls.key is None):
            raise SetupError(
                "Of `certificate` and `key` under [tls] only one is set.",
                remedy="Set both, or neither where a token says who you are.",
            )
        found = cls(
            _read(tls.ca, "authority"),
            _read(tls.certificate, "certificate") if tls.certificate else None,
            _secret(tls.key, "key") if tls.key else None,
            _token(site.token) if site.token else None,
        )
        _check_valid(tls.ca, found.ca)
        if tls.certificate and tls.key and found.certificate and found.key:
            _check_valid(tls.certificate, found.certificate)
            _check_pair(tls.certificate, found.certificate, tls.key, found.key)
        return found

    @property
    def headers(self) -> dict[str, str]:
        """What goes with every question."""
        return {"authorization": f"Bearer {self.token}"} if self.token else {}

    def trouble(self, address: str) -> ServerRefused | None:
        """Why nothing can be asked at an address, though something is there: one look, 3 s at most.

        gRPC says of all this only that nothing is available. None: TLS is not the reason.
        """
        host, _, port = address.rpartition(":")
        name = host.strip("[]")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["h2"])
        try:
            context.load_verify_locations(cadata=self.ca.decode("ascii"))
            with (
                socket.create_connection((name, int(port)), timeout=LOOK_SECONDS) as plain,
                context.wrap_socket(plain, server_hostname=name) as hidden,
            ):
                if hidden.selected_alpn_protocol() != "h2":
                    return _refused(address, "speaks no HTTP/2, and gRPC needs that", _PORT)
                with suppress(TimeoutError):  # what it says of a certificate, it says afterwards
                    hidden.recv(1)
        except ssl.SSLCertVerificationError as error:
            return self._unbelieved(address, name, error)
        except ssl.SSLError as error:
            return self._unwanted(address, error)
        except (OSError, ValueError):
            return None
        return None

    def _unbelieved(self, address: str, name: str, error: ssl.SSLError) -> ServerRefused:
        code, why = error.verify_code, error.verify_message  # type: ignore[attr-defined]
        if code == _EXPIRED:
            return _refused(address, "shows a certificate that has expired", _RENEW)
        if code == _NOT_YET:
            return _refused(
                address,
                "shows a certificate that is not valid yet",
                "Compare this machine's clock with the server's.",
            )
        if code in _NAMES:
            return _refused(
                address,
                f"shows a certificate for another name than {name}",
                "Use a name that it was made for, or tell the pipeline team: 'answerprint server "
                "certs server NAME' makes one for more names.",
            )
        if code in _ISSUERS:
            return _refused(
                address,
                "shows a certificate of another authority than the studio's",
                "Check `ca` under [tls] in the site file; if it is right, somebody else answers "
                "there: tell the pipeline team.",
            )
        return _refused(address, f"shows a certificate that is not believed ({why})", _RENEW)

    def _unwanted(self, address: str, error: ssl.SSLError) -> ServerRefused | None:
        reason = error.reason or ""
        if "WRONG_VERSION" in reason or "HTTP_REQUEST" in reason:
            return _refused(address, "speaks no TLS", _PORT)
        if "ALERT" not in reason:  # cut, as by a server that ends
            return None
        if "CERTIFICATE_REQUIRED" in reason or "HANDSHAKE_FAILURE" in reason:
            if self.certificate is None:
                return _refused(
                    address,
                    "wants to see a certificate of yours",
                    "Set `certificate` and `key` under [tls] in the site file; 'answerprint server "
                    "certs client USER' makes them.",
                )
            return None  # this look showed none, and gRPC did
        return _refused(address, f"broke TLS off ({reason.replace('_', ' ').lower()})", _PORT)


def check_address(address: str) -> str:
    """A host:port, as it is. What stands in an address is printed, so a token must not.

    Raises:
        JobError: there is more in it, as in a URL; does not say what.
    """
    if _NO_ADDRESS.search(address):
        raise JobError(
            "The server's address is more than host:port.",
            remedy="Give host:port alone. A token goes into a file that `token` in the site file "
            "names; one that stood in an address counts as known to all: have a new one made.",
        )
    return address


_PORT = "Check the port: the gateway's is meant, and [tls] in the site file is for that alone."
_RENEW = "Tell the pipeline team: 'answerprint server certs server NAME --renew' makes a new one."


def _refused(address: str, what: str, remedy: str) -> ServerRefused:
    return ServerRefused(f"What answers at {address} {what}.", remedy=remedy)


def _read(path: Path, what: str) -> bytes:
    try:
        with path.open("rb") as stream:
            held = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise _unusable(path, what, error.strerror or str(error)) from error
    if len(held) > MOST_BYTES:
        raise _unusable(path, what, f"it is larger than {MOST_BYTES:,} bytes")
    return held


def _secret(path: Path, what: str) -> bytes:
    held = _read(path, what)
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise SetupError(
            f"Others may read the {what} {path.as_posix()}.",
            remedy=f"Run: chmod 600 {path.as_posix()}",
        )
    return held


def _token(path: Path) -> str:
    held = _secret(path, "token").decode("ascii", "replace").strip()
    if not _TOKEN.fullmatch(held):
        raise _unusable(path, "token", "it holds no token on a line of its own")
    return held


def _check_valid(path: Path, pem: bytes) -> None:
    from cryptography import x509  # noqa: PLC0415 - for certificates alone, which most have none of

    try:
        first = x509.load_pem_x509_certificates(pem)[0]
    except (ValueError, IndexError) as error:
        raise _unusable(path, "certificate", "it holds no certificate in PEM") from error
    now = datetime.now(timezone.utc)
    if first.not_valid_after_utc < now:
        raise SetupError(
            f"The certificate {path.as_posix()} expired on {first.not_valid_after_utc:%Y-%m-%d}.",
            remedy="Ask the pipeline team for a new one: 'answerprint server certs' with --renew.",
        )
    if first.not_valid_before_utc > now:
        raise SetupError(
            f"The certificate {path.as_posix()} is valid from {first.not_valid_before_utc:%Y-%m-%d} "
            "on, and this machine says that it is earlier.",
            remedy="Set this machine's clock.",
        )


def _check_pair(certificate: Path, shown: bytes, key: Path, held: bytes) -> None:
    from cryptography import x509  # noqa: PLC0415 - as above
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - as above
        load_pem_private_key,
    )

    try:
        private = load_pem_private_key(held, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _unusable(key, "key", "it holds no key in PEM without a password") from error
    if private.public_key() != x509.load_pem_x509_certificate(shown).public_key():
        raise SetupError(
            f"The key {key.as_posix()} is not that of {certificate.as_posix()}.",
            remedy="Name the two that were made together under [tls] in the site file.",
        )


def _unusable(path: Path, what: str, why: str) -> SetupError:
    return SetupError(
        f"The {what} {path.as_posix()} cannot be used: {why}.",
        remedy="Correct [tls] or `token` in the site file, or ask the pipeline team for a new file.",
    )
