"""A real nginx before a real Triton, with a studio's certificates and tokens, for tests."""

from __future__ import annotations

import contextlib
import functools
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import psutil
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from answerprint.access import Access
from answerprint_server import certs, gateway, limits, tokens
from answerprint_server.certs import Wanted
from answerprint_server.gateway import Gateway, Shown

COMMAND = "sudo apt-get install nginx-light"
SECONDS = 60
ATTEMPTS = 5


@functools.cache
def lacking() -> str:
    """The command that brings what is lacking; empty where nothing is."""
    return "" if shutil.which("nginx") else f"there is no nginx here: {COMMAND}"


@dataclass(frozen=True)
class Studio:
    """A folder with an authority, a server's certificate, and clients' as they are asked for."""

    folder: Path

    @classmethod
    def made(cls, folder: Path) -> Studio:
        certs.authority(folder, "Test", Wanted())
        certs.server(folder, ["127.0.0.1", "localhost"], Wanted())
        return cls(folder)

    @property
    def ca(self) -> bytes:
        return (self.folder / "ca.pem").read_bytes()

    def expired(self, user: str) -> Access:
        """Who shows a certificate that was good until yesterday."""
        self.client(user)
        self.end(self.folder / f"client-{user}.pem")
        return self.client(user)

    def named(self, *words: tuple[x509.ObjectIdentifier, str]) -> Access:
        """Whose certificate says what ours never do, as another program's authority might."""
        self.client("named")
        subject = x509.Name([x509.NameAttribute(kind, word) for kind, word in words])
        tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
        self._sign(self.folder / "client-named.pem", tomorrow, subject)
        return self.client("named")

    def end(self, path: Path) -> None:
        """Have a certificate be one that was good until yesterday; all else is as it was."""
        self._sign(path, datetime.now(timezone.utc) - timedelta(days=1))

    def _sign(self, path: Path, ends: datetime, subject: x509.Name | None = None) -> None:
        good = x509.load_pem_x509_certificate(path.read_bytes())
        authority = load_pem_private_key((self.folder / "ca.key").read_bytes(), None)
        assert isinstance(authority, ec.EllipticCurvePrivateKey)
        whose, begins = subject or good.subject, ends - timedelta(days=2)
        built = x509.CertificateBuilder(good.issuer, whose, good.public_key(), 7, begins, ends)
        for one in good.extensions:
            built = built.add_extension(one.value, critical=one.critical)
        signed = built.sign(authority, hashes.SHA256())
        path.write_bytes(signed.public_bytes(Encoding.PEM))

    def site(self, path: Path, address: str, user: str = "", token: Path | None = None) -> Path:
        """A site file for the server behind this gateway, with a certificate or a token."""
        lines = [f'server = "{address}"']
        lines += [f'token = "{token.as_posix()}"'] if token else []
        lines += ["[tls]", f'ca = "{(self.folder / "ca.pem").as_posix()}"']
        if user:
            held = self.folder / f"client-{user}"
            lines += [f'certificate = "{held.as_posix()}.pem"', f'key = "{held.as_posix()}.key"']
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def client(self, user: str, show: str = "", role: str = "artist") -> Access:
        """Who shows a certificate."""
        held = self.folder / f"client-{user}.pem"
        if not held.exists():
            certs.client(self.folder, user, show, role, Wanted())
        return Access(self.ca, held.read_bytes(), held.with_suffix(".key").read_bytes())


@dataclass(frozen=True)
class Door:
    """A gateway that runs: where clients come to, and its folder."""

    address: str
    folder: Path
    studio: Studio

    def token(self, user: str, *, show: str = "", role: str = "artist") -> Access:
        """Who sends a token; nginx knows it from now on."""
        _, said = tokens.make(self.folder, user, show=show, role=role)
        self.reload()
        return Access(self.studio.ca, token=said)

    def is_written(self, words: str) -> bool:
        """Whether these stand anywhere in its configuration or its logs."""
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        return any(words.encode() in path.read_bytes() for path in files)

    def limit(self, text: str) -> None:
        """Other limits from now on."""
        path = self.folder / limits.FILE
        path.write_text(text)
        _write(self.folder, self.studio, *_ends(self.folder), path)
        self.reload()

    def reload(self) -> None:
        """Have nginx read all anew, and wait until no worker knows the old."""
        before = workers(self.folder)
        _nginx(self.folder, "-s", "reload")
        _until(lambda: bool(workers(self.folder)) and not workers(self.folder) & before)

    def log(self, least: int, **fields: str) -> list[dict[str, Any]]:
        """The lines of the access log with these fields, waited for: a client has its answer before.

        Every line has to be JSON.
        """
        path = self.folder / "run" / "access.log"
        found: list[dict[str, Any]] = []

        def look() -> bool:
            whole = path.read_text().rpartition("\n")[0].splitlines()
            lines = [json.loads(line) for line in whole]
            found[:] = [one for one in lines if fields.items() <= one.items()]
            return len(found) >= least

        _until(look)
        return found


@contextmanager
def door(
    folder: Path, triton: str, studio: Studio, text: str = "", secret: str = ""
) -> Iterator[Door]:
    """nginx on a free port of loopback, ended at the end.

    secret   that Triton was started with; it has one of its own if none is given
    """
    folder.mkdir()
    if secret:
        certs.write(folder / gateway.SECRET, secret.encode(), 0o600)
    path = folder / limits.FILE
    path.write_text(text or limits.default())
    process = _begun(folder, studio, triton, path)
    try:
        yield Door(_ends(folder)[1], folder, studio)
    finally:
        process.terminate()
        process.communicate(timeout=SECONDS)


def _begun(folder: Path, studio: Studio, triton: str, path: Path) -> subprocess.Popen[str]:
    """nginx on a port that was free a moment ago; where somebody was faster, on another one."""
    for _ in range(ATTEMPTS):
        listen = f"127.0.0.1:{_free()}"
        (folder / "ends").write_text(f"{triton} {listen}")
        _write(folder, studio, triton, listen, path)
        process = subprocess.Popen(
            ["nginx", "-p", str(folder), "-c", "nginx.conf", "-g", "daemon off;"],
            stderr=subprocess.PIPE,
            text=True,
        )
        _until(lambda ran=process: ran.poll() is not None or _is_up(folder))
        if process.poll() is None:
            return process
        said = process.communicate()[1]
        assert "in use" in said, said
    raise AssertionError(f"no port is free for long here: {ATTEMPTS} tries")


def _is_up(folder: Path) -> bool:
    """Whether it has its port, which it says by its number, and workers that can be told apart."""
    pid = folder / "run" / "nginx.pid"
    return pid.exists() and bool(pid.read_text().strip()) and bool(workers(folder))


def _write(folder: Path, studio: Studio, triton: str, listen: str, path: Path) -> None:
    certificate = studio.folder / "server-127.0.0.1.pem"
    shown = Shown(studio.folder / "ca.pem", certificate, certificate.with_suffix(".key"))
    gateway.write(folder, Gateway(triton, listen), shown, limits.read(path))


def _ends(folder: Path) -> tuple[str, str]:
    triton, listen = (folder / "ends").read_text().split()
    return triton, listen


def _nginx(folder: Path, *words: str) -> None:
    argv = ["nginx", "-p", str(folder), "-c", "nginx.conf", *words]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def workers(folder: Path) -> set[int]:
    """Its processes that take new connections: one that ends has let go of the door."""
    master = psutil.Process(int((folder / "run" / "nginx.pid").read_text()))
    found: set[int] = set()
    for one in master.children():
        with contextlib.suppress(psutil.NoSuchProcess):
            said = " ".join(one.cmdline())
            if "worker process" in said and "shutting" not in said:
                found.add(one.pid)
    return found


def _until(is_so: Any) -> None:
    ends = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < ends, "nginx did not come to it"
        time.sleep(0.02)


def _free() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])
