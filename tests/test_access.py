"""Access: what a site shows a server, and what is said where that, or the server's own, is wrong."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from gateways import Studio
from hypothesis import given, settings, strategies as st
from samples import AtOnce

from answerprint.access import Access, check_address
from answerprint.errors import JobError, ServerAway, ServerRefused, SetupError
from answerprint.site import Site, Tls
from answerprint.triton import Server
from answerprint_server import certs
from answerprint_server.certs import Wanted


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    made = Studio.made(tmp_path_factory.mktemp("certs"))
    made.client("ada")
    made.client("eve")
    return made


@contextmanager
def speaking(certificate: Path, *, asks: Path | None = None, protocol: str = "h2") -> Iterator[str]:
    """Something on loopback that speaks TLS with a certificate; `asks` clients for one of these."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    context.set_alpn_protocols([protocol])
    if asks is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(asks)
    with socket.create_server(("127.0.0.1", 0)) as door:
        serving = threading.Thread(target=_serve, args=(door, context), daemon=True)
        serving.start()
        yield f"127.0.0.1:{door.getsockname()[1]}"
        with suppress(OSError):  # all but Linux: what listens is connected to nothing
            door.shutdown(socket.SHUT_RDWR)
    serving.join(60)


def _serve(door: socket.socket, context: ssl.SSLContext) -> None:
    with suppress(OSError):
        while True:
            plain, _ = door.accept()
            plain.settimeout(10)
            with suppress(OSError), plain, context.wrap_socket(plain, server_side=True) as hidden:
                hidden.sendall(b"\0\0\0\4\0\0\0\0\0")  # empty SETTINGS, as HTTP/2 begins
                while hidden.recv(1 << 16):
                    pass


def told(address: str, access: Access) -> str:
    """What a client is told through gRPC, and by one look."""
    with Server(address, access=access) as server, pytest.raises(ServerRefused) as caught:
        server.version()
    looked = access.trouble(address)
    assert looked is not None
    assert looked.problem == caught.value.problem
    return f"{caught.value.problem} {caught.value.remedy}"


def test_a_server_of_another_authority_is_not_believed(studio: Studio, tmp_path: Path) -> None:
    other = Studio.made(tmp_path)

    with speaking(other.folder / "server-127.0.0.1.pem") as address:
        said = told(address, Access(studio.ca))

    assert "shows a certificate of another authority than the studio's" in said
    assert "Check `ca` under [tls]" in said


def test_a_server_by_another_name_is_not_believed(studio: Studio) -> None:
    elsewhere = certs.server(studio.folder, ["elsewhere.lan"], Wanted()).certificate

    with speaking(elsewhere) as address:
        said = told(address, Access(studio.ca))

    assert "for another name than 127.0.0.1" in said
    assert "'answerprint server certs server NAME'" in said


def test_a_server_whose_certificate_has_expired_is_not_believed(studio: Studio) -> None:
    late = certs.server(studio.folder, ["late", "127.0.0.1"], Wanted()).certificate
    studio.end(late)

    with speaking(late) as address:
        said = told(address, Access(studio.ca))

    assert "shows a certificate that has expired" in said
    assert "--renew" in said


def test_a_server_that_wants_a_certificate_says_so_to_who_has_none(studio: Studio) -> None:
    certificate = studio.folder / "server-127.0.0.1.pem"

    with speaking(certificate, asks=studio.folder / "ca.pem") as address:
        said = told(address, Access(studio.ca))

    assert "wants to see a certificate of yours" in said
    assert "'answerprint server certs client USER'" in said


def test_what_speaks_no_tls_or_no_grpc_is_said_to(studio: Studio, address: str) -> None:
    access = Access(studio.ca)

    assert "speaks no TLS" in told(address, access)
    with speaking(studio.folder / "server-127.0.0.1.pem", protocol="http/1.1") as web:
        assert "speaks no HTTP/2" in str(access.trouble(web))


def test_where_nothing_answers_it_is_away_as_ever(studio: Studio) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        nobody = f"127.0.0.1:{door.getsockname()[1]}"

    with Server(nobody, access=Access(studio.ca)) as server, pytest.raises(ServerAway):
        server.version()


def site(studio: Studio, user: str = "ada", **changed: Path | None) -> Site:
    held = studio.folder / f"client-{user}"
    files = {
        "ca": studio.folder / "ca.pem",
        "certificate": held.with_suffix(".pem"),
        "key": held.with_suffix(".key"),
    }
    return Site(tls=Tls.model_validate({**files, **changed}))


def test_the_sites_files_are_what_is_shown(studio: Studio, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("ap_0123456789abcdef_" + "x" * 43 + "\n")
    token.chmod(0o600)

    found = Access.of(site(studio).model_copy(update={"token": token}))

    assert found is not None
    assert found.headers == {"authorization": "Bearer ap_0123456789abcdef_" + "x" * 43}
    assert "x" * 43 not in repr(found)
    assert "PRIVATE" not in repr(found)
    assert Access.of(Site()) is None


def test_what_cannot_be_shown_is_said_with_its_file(studio: Studio, tmp_path: Path) -> None:
    def said(given: Site) -> str:
        with pytest.raises(SetupError) as caught:
            Access.of(given)
        return f"{caught.value.problem} {caught.value.remedy}"

    nothing = tmp_path / "nothing.pem"
    nothing.write_text("nothing")
    large = tmp_path / "large.pem"
    large.write_bytes(b"x" * (1 << 17))
    short = tmp_path / "short"
    short.write_text("two words\n")
    short.chmod(0o600)
    eves = studio.folder / "client-eve.key"

    assert "missing.pem cannot be used: No such file" in said(
        site(studio, ca=tmp_path / "missing.pem")
    )
    assert "nothing.pem cannot be used: it holds no certificate" in said(site(studio, ca=nothing))
    assert "large.pem cannot be used: it is larger than 65,536" in said(site(studio, ca=large))
    assert "is not that of" in said(site(studio, key=eves))
    assert "only one is set" in said(site(studio, key=None))
    assert "it holds no token" in said(site(studio).model_copy(update={"token": short}))
    assert "would travel for all to read" in said(Site(token=short))


@pytest.mark.skipif(os.name != "posix", reason="Windows has rights of another kind")
def test_a_key_that_others_may_read_is_not_used(studio: Studio, tmp_path: Path) -> None:
    open_key = tmp_path / "open.key"
    open_key.write_bytes((studio.folder / "client-ada.key").read_bytes())
    open_key.chmod(0o644)

    with pytest.raises(SetupError) as caught:
        Access.of(site(studio, key=open_key))

    assert caught.value.remedy == f"Run: chmod 600 {open_key.as_posix()}"


def test_an_expired_certificate_is_said_before_anything_is_asked(
    studio: Studio, tmp_path: Path
) -> None:
    studio.expired("late")
    path = studio.site(tmp_path / "site.toml", "127.0.0.1:9", "late")

    said = AtOnce(tmp_path)("tasks", env={"ANSWERPRINT_SITE": str(path)})
    status = AtOnce(tmp_path)("status", "--json", env={"ANSWERPRINT_SITE": str(path)})

    assert said.code == 7
    assert "client-late.pem expired on" in said.err
    assert "client-late.pem expired on" in status.last["server"]["problem"]


def test_doctor_says_what_ends_within_a_month(studio: Studio, tmp_path: Path) -> None:
    certs.client(studio.folder, "soon", "", "artist", Wanted(days=9))
    found = {}
    for user in ("ada", "soon", "late"):
        studio.expired(user) if user == "late" else studio.client(user)
        path = studio.site(tmp_path / f"{user}.toml", "127.0.0.1:9", user)
        said = AtOnce(tmp_path)("doctor", "--json", env={"ANSWERPRINT_SITE": str(path)})
        found[user] = next(one for one in said.documents if one["check"] == "certificate")

    assert [one["good"] for one in found.values()] == [True, True, False]
    assert found["ada"]["said"] == "it can be used, and for a month yet"
    assert "client-soon.pem ends on" in found["soon"]["said"]
    assert ", in 8 days: have it renewed." in found["soon"]["said"]
    assert "client-late.pem expired on" in found["late"]["said"]


@given(st.text(alphabet="ab1:.-[]/?#@ \n", max_size=20))
@settings(max_examples=50, deadline=None)
def test_an_address_has_room_for_nothing_else(address: str) -> None:
    if set(address) & set("/?#@ \n"):
        with pytest.raises(JobError, match="is more than host:port"):
            check_address(address)
    else:
        assert check_address(address) == address
