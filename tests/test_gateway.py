"""The gateway: a real nginx before a real Triton lets in whom it knows, and each only so much."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import deployments
import gateways
import numpy as np
import pytest
import requests
import windows
from cryptography import x509
from cryptography.x509.oid import NameOID
from deployments import SECRET
from gateways import Door, Studio
from grpc import ssl_channel_credentials
from samples import AtOnce, add_model, drowsy, own_models, plate as some_plate
from tritonclient import grpc
from tritonclient.utils import InferenceServerException

from answerprint import faults
from answerprint.access import Access
from answerprint.errors import (
    InferenceError,
    ServerError,
    ServerLimited,
    ServerNotReady,
    ServerOutOfMemory,
    ServerRefused,
)
from answerprint.health import Check
from answerprint.triton import Server
from answerprint.window import Window
from answerprint_server import certs, gateway, limits, tokens
from answerprint_server.certs import Wanted
from answerprint_server.gateway import Gateway

pytestmark = pytest.mark.skipif(
    bool(gateways.lacking()) and windows.may_skip(), reason=gateways.lacking()
)

DEPLOYED = Path(__file__).parents[1] / "server" / "deploy" / "gateway"


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return Studio.made(tmp_path_factory.mktemp("certs"))


@pytest.fixture(scope="module")
def triton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Started as a production server is: what only admins may do needs the secret."""
    folder = tmp_path_factory.mktemp("behind")
    models = own_models(folder / "models", ["passthrough"])
    add_model(models, "slow", drowsy)
    words = deployments.command("compose with the gateway", folder)
    with deployments.started(words, models, folder) as server:
        yield f"127.0.0.1:{server.grpc}"


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory, triton: str, studio: Studio) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("gateway") / "gateway"
    with gateways.door(folder, triton, studio, secret=SECRET) as made:
        yield made


def run(folder: Path, door: Door, user: str = "", token: Path | None = None, **job: Any) -> Any:
    site = door.studio.site(folder / "site.toml", door.address, user, token)
    asked = {"task": "passthrough", "out": {"root": "takes"}, **job}
    (folder / "job.json").write_text(json.dumps(asked))
    return AtOnce(folder)("run", "job.json", "--json", env={"ANSWERPRINT_SITE": str(site)})


def why(door: Door, access: Access | None) -> str:
    """What a client is told that is not let in."""
    with Server(door.address, access=access) as server, pytest.raises(ServerRefused) as caught:
        server.version()
    return caught.value.problem


@pytest.mark.parametrize("by", ["certificate", "token"])
def test_a_whole_run_goes_through_by_a_certificate_or_a_token(
    by: str, door: Door, tmp_path: Path
) -> None:
    user = f"ada-{by}"
    path = some_plate(tmp_path / "plate", 2)
    if by == "token":
        kept = door.token(user, show="night").token
        file = tmp_path / "ada.token"
        file.write_text(f"{kept}\n")
        file.chmod(0o600)
        said = run(tmp_path, door, token=file, plate=str(path))
    else:
        door.studio.client(user, "night")
        said = run(tmp_path, door, user, plate=str(path))

    assert (said.code, said.last["state"]) == (0, "complete"), said
    told = door.log(2, user=user, method="ModelInfer")
    assert [(one["show"], one["by"], one["model"]) for one in told] == [
        ("night", by, "passthrough/1")
    ] * 2
    assert all(one["status"] == 200 and one["grpc"] == "0" for one in told)
    assert all(one["received"] > 3 * 32 * 24 * 2 and one["seconds"] >= 0 for one in told)


def test_the_status_of_a_server_behind_it_is_as_that_of_any(door: Door, tmp_path: Path) -> None:
    door.studio.client("ada")
    site = door.studio.site(tmp_path / "site.toml", door.address, "ada")

    said = AtOnce(tmp_path)("status", "--json", env={"ANSWERPRINT_SITE": str(site)})

    assert said.last["server"]["state"] == "connected", said
    check = Check(door.address)
    assert "speaks HTTP/1 or TLS" in check.look().problem
    check.close()


def test_memory_is_not_shared_past_it(door: Door) -> None:
    with Server(door.address, access=door.studio.client("ada")) as server:
        assert server.connect() == "gRPC: the server does not let us share memory"


@pytest.mark.parametrize(
    ("whom", "told"),
    [
        ("nobody", "no certificate, and no token that is known and still valid"),
        ("an unknown token", "no certificate, and no token that is known and still valid"),
        ("a known id", "no certificate, and no token that is known and still valid"),
        ("a revoked token", "no certificate, and no token that is known and still valid"),
        ("an expired token", "no certificate, and no token that is known and still valid"),
        ("another authority's", "the certificate is not believed"),
        ("a server's", "the certificate is not believed"),
        ("an expired one", "the certificate is not believed (FAILED:certificate has expired)"),
    ],
)
def test_who_is_not_known_is_told_so(whom: str, told: str, door: Door, tmp_path: Path) -> None:
    assert told in why(door, _stranger(whom, door, tmp_path))


def _stranger(whom: str, door: Door, folder: Path) -> Access:
    ca = door.studio.ca
    held = door.studio.folder / "server-127.0.0.1.pem"
    made: dict[str, Callable[[], Access]] = {
        "nobody": lambda: Access(ca),
        "an unknown token": lambda: Access(ca, token=f"ap_{'0' * 16}_{'a' * 43}"),
        "a known id": lambda: Access(
            ca, token=f"{(door.token('known').token or '')[:20]}{'A' * 43}"
        ),
        "a revoked token": lambda: _ended(door, {}),
        "an expired token": lambda: _ended(door, {"expires": 1}),
        "another authority's": lambda: replace(Studio.made(folder / "o").client("eve"), ca=ca),
        "a server's": lambda: Access(ca, held.read_bytes(), held.with_suffix(".key").read_bytes()),
        "an expired one": lambda: door.studio.expired("late"),
    }
    return made[whom]()


def _ended(door: Door, change: dict[str, int]) -> Access:
    """A token that was good, and is not any more: changed so, or gone."""
    made = door.token("gone")
    with Server(door.address, access=made) as server:
        assert server.version()
    (kept,) = (one for one in tokens.read(door.folder) if one.user == "gone")
    tokens.revoke(door.folder, kept.id)
    tokens.write_conf(door.folder, [kept.model_copy(update=change)] if change else [])
    door.reload()
    return made


def test_a_token_in_an_address_is_refused_and_written_nowhere(door: Door, tmp_path: Path) -> None:
    token = "ap_0123456789abcdef_" + "s" * 43

    said = AtOnce(tmp_path)("tasks", "--server", f"{door.address}/?token={token}")

    assert said.code == 2
    assert "more than host:port" in said.err
    assert token not in said.err + said.out

    ca = str(door.studio.folder / "ca.pem")
    for path in (f"/healthz?token={token}", f"/x?{token}", f"/{token}"):
        answer = requests.get(f"https://{door.address}{path}", verify=ca, timeout=60)
        assert answer.status_code in (400, 401)
    assert not door.is_written(token)


def test_no_token_stands_anywhere_on_its_machine(door: Door) -> None:
    access = door.token("farm")
    with Server(door.address, access=access) as server:
        server.version()

    assert access.token
    assert not door.is_written(access.token[20:])
    assert door.log(1, user="farm", method="ServerMetadata")


def test_what_others_may_not_read_nobody_else_may(door: Door) -> None:
    for name in ("secret", "admin.conf", "tokens.conf", "tokens.json", "server.key"):
        assert stat.S_IMODE((door.folder / name).stat().st_mode) == 0o600
    for name in ("nginx.conf", "limits.toml"):
        assert SECRET not in (door.folder / name).read_text()


CALLS: dict[str, Callable[[Any, dict[str, str]], object]] = {
    "load": lambda client, headers: client.load_model("passthrough", headers=headers),
    "unload": lambda client, headers: client.unload_model("nothing", headers=headers),
    "logging": lambda client, headers: client.get_log_settings(headers=headers),
    "trace": lambda client, headers: client.get_trace_settings(headers=headers),
}


def _asked(door: Door, access: Access, call: str) -> str:
    """The status of a call that tritonclient makes; 'OK' where it succeeds."""
    shown = ssl_channel_credentials(access.ca, access.key, access.certificate)
    headers = {"triton-grpc-protocol-x-answerprint-admin": "guessed", **access.headers}
    with grpc.InferenceServerClient(door.address, creds=shown) as client:
        try:
            CALLS[call](client, headers)
        except InferenceServerException as error:
            return str(error)
    return "OK"


@pytest.mark.parametrize("call", CALLS)
def test_what_only_admins_may_do_is_refused_to_artists(call: str, door: Door) -> None:
    artist, admin = door.studio.client("ada"), door.studio.client("root", role="admin")

    assert "[StatusCode.PERMISSION_DENIED] ada may not ask for" in _asked(door, artist, call)
    assert _asked(door, admin, call) == "OK"


def test_a_comma_in_a_name_makes_nobody_another(door: Door) -> None:
    admin = door.studio.named(
        (NameOID.COMMON_NAME, "eve"), (NameOID.ORGANIZATION_NAME, "x,OU=admin")
    )
    other = door.studio.named((NameOID.COMMON_NAME, "x,CN=root"))

    assert "eve may not ask for RepositoryModelLoad" in _asked(door, admin, "load")
    assert "no certificate, and no token that is known" in why(door, other)


def test_nobody_shares_memory_or_asks_past_it(door: Door, triton: str) -> None:
    for access in (door.studio.client("ada"), door.studio.client("root", role="admin")):
        shown = ssl_channel_credentials(access.ca, access.key, access.certificate)
        with (
            grpc.InferenceServerClient(door.address, creds=shown) as client,
            pytest.raises(InferenceServerException, match="PERMISSION_DENIED"),
        ):
            client.register_system_shared_memory("x", "/x", 64)
    with Server(triton) as server, pytest.raises(ServerRefused):
        server.offers()


def test_a_request_that_is_too_large_is_told_the_limit(door: Door) -> None:
    door.limit("body = 1")
    try:
        with Server(door.address, access=door.studio.client("ada")) as server:
            offer = server.offer("passthrough")
            large = np.zeros((400, 600, 3), np.float32)
            with pytest.raises(ServerOutOfMemory) as caught:
                server.infer(offer, {"pixels": large}, {}, request_id="1")
    finally:
        door.limit("")

    assert "1 MB are the most that one request may have" in caught.value.problem
    assert "larger than the gateway" in caught.value.problem


def test_a_run_that_meets_its_limit_says_when_it_goes_on_and_completes(
    door: Door, tmp_path: Path
) -> None:
    door.studio.client("ada", "")
    path = some_plate(tmp_path / "plate", 6)
    door.limit("[users.ada]\nat_once = 1")
    try:
        said = run(tmp_path, door, "ada", task="slow", plate=str(path))
    finally:
        door.limit("")

    assert (said.code, said.last["state"]) == (0, "complete"), said
    waited = [one for one in said.documents if one["event"] == "waiting"]
    assert waited
    assert waited[0]["error"] == "ServerLimited"
    assert "too many requests for ada (1 at once and 20 a second); again in 2 s" in str(waited[0])
    assert sum(one["event"] == "back" for one in said.documents) == len(waited)
    assert door.log(1, user="ada", method="ModelInfer", limited="at once", grpc="8")


def test_a_run_that_was_refused_a_place_asks_for_one_fewer_from_then_on() -> None:
    window = Window(3)

    window.less()
    for _ in range(20):
        window.learn(queued=0.0, worked=0.1)
    assert window.size == 2
    for _ in range(5):
        window.less()
    assert window.size == 1


def test_a_show_has_a_limit_of_its_own_for_all_its_people(door: Door) -> None:
    door.limit("[shows.crowded]\nat_once = 1")
    people = [door.studio.client(name, "crowded") for name in ("eva", "max")]
    met: list[ServerError] = []
    go = threading.Barrier(2)

    def ask(access: Access) -> None:
        with Server(door.address, access=access) as server:
            offer = server.offer("slow")
            for _ in range(10):
                go.wait(60)
                try:
                    server.infer(
                        offer, {"pixels": np.zeros((8, 8, 3), np.float32)}, {}, request_id=""
                    )
                except ServerError as error:
                    met.append(error)

    threads = [threading.Thread(target=ask, args=(one,)) for one in people]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
    finally:
        door.limit("")

    assert met
    assert {type(one) for one in met} == {ServerLimited}
    assert "all of the show 1 at once and 80 a second" in met[0].problem


def test_who_has_left_is_refused_by_name_and_by_certificate(door: Door) -> None:
    door.studio.client("left")
    door.studio.client("stolen")
    serial = f"{_serial(door.studio.folder / 'client-stolen.pem'):X}"
    door.limit(f'[refused]\nleft = "is with another studio"\n"{serial}" = "laptop lost"')
    try:
        assert "left may not ask for ServerMetadata" in why(door, door.studio.client("left"))
        assert "stolen may not ask for" in why(door, door.studio.client("stolen"))
        with Server(door.address, access=door.studio.client("ada")) as server:
            assert server.version()
    finally:
        door.limit("")


def test_a_name_is_refused_however_it_is_written() -> None:
    given = {"Ada": "", "ada": "", "default": "", "54dc9755ef546b2970344419d486ed7b5a06d02": ""}

    text = gateway.conf(Gateway("a:1", "a:2"), limits.Limits(refused=given))

    assert text.count('"ada" "1";') == 1
    assert '"\\default" "1";' in text
    assert '"054DC9755EF546B2970344419D486ED7B5A06D02" "1";' in text


def test_a_name_that_is_a_word_of_nginx_is_a_name_like_others(door: Door) -> None:
    names = ["default", "include", "volatile", "hostnames"]
    for kind in ("users", "shows"):
        door.limit("".join(f"[{kind}.{name}]\nrate = 7\n" for name in names))
    door.limit("[refused]\n" + "".join(f'{name} = "has left"\n' for name in names))
    try:
        for name in names:
            assert f"{name} may not ask for" in why(door, door.studio.client(name))
        with Server(door.address, access=door.studio.client("ada")) as server:
            assert server.version()
    finally:
        door.limit("")


def _serial(path: Path) -> int:
    return x509.load_pem_x509_certificate(path.read_bytes()).serial_number


def test_what_is_no_grpc_is_answered_as_the_web_is(door: Door) -> None:
    ca = str(door.studio.folder / "ca.pem")
    health = requests.get(f"https://{door.address}/healthz", verify=ca, timeout=60)
    index = requests.get(f"https://{door.address}/v2/models", verify=ca, timeout=60)
    known = requests.post(
        f"https://{door.address}/v2/repository/index",
        verify=ca,
        headers=door.token("web").headers,
        timeout=60,
    )

    assert (health.status_code, health.text) == (200, "ok\n")
    assert index.status_code == 401
    assert known.status_code == 404


def test_a_server_that_is_away_behind_it_is_waited_for(studio: Studio, tmp_path: Path) -> None:
    with (
        gateways.door(tmp_path / "gateway", "127.0.0.1:9", studio) as alone,
        Server(alone.address, access=studio.client("ada")) as server,
        pytest.raises(ServerNotReady, match="nothing answers behind the gateway"),
    ):
        server.version()


def test_the_example_is_what_the_command_writes(tmp_path: Path) -> None:
    studio = Studio.made(tmp_path / "certs")
    words = ["--triton", "triton:8001", "--cert", str(studio.folder / "server-127.0.0.1.pem")]

    said = AtOnce(tmp_path)("server", "gateway", *words)

    assert said.code == 0, said
    for name in ("nginx.conf", "limits.toml"):
        written = (tmp_path / "gateway" / name).read_text(encoding="utf-8")
        assert written == (DEPLOYED / name).read_text(encoding="utf-8")
    assert limits.read(DEPLOYED / "limits.toml").user.at_once == 8


def test_a_certificate_that_ends_within_a_month_is_spoken_of(tmp_path: Path) -> None:
    certs.authority(tmp_path, "Test", Wanted())
    soon = certs.server(tmp_path, ["render1"], Wanted(days=9)).certificate

    said = AtOnce(tmp_path)("server", "gateway", "--triton", "triton:8001", "--cert", soon)

    assert said.code == 0, said
    assert "server-render1.pem ends on" in said.out
    assert said.out.count("have it renewed") == 1


def test_a_watch_through_it_speaks_of_certificates_too(door: Door, tmp_path: Path) -> None:
    certs.authority(tmp_path / "certs", "Test", Wanted(days=9))
    door.studio.client("watch", role="admin")
    site = door.studio.site(tmp_path / "site.toml", door.address, "watch")

    words = ["server", "watch", "--once", "--certs", "certs"]
    said = AtOnce(tmp_path)(*words, env={"ANSWERPRINT_SITE": str(site)})

    assert said.code == 0, said
    assert "soon  ca.pem ends on" in said.out
    assert "2 models, every instance answers." in said.out


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        ("UNAVAILABLE", "Received http2 header with status: 429", ServerLimited),
        ("UNAVAILABLE", "Received http2 header with status: 503", ServerNotReady),
        ("UNAUTHENTICATED", "Received http2 header with status: 401", ServerRefused),
        ("PERMISSION_DENIED", "Received http2 header with status: 403", ServerRefused),
        ("UNKNOWN", "Received http2 header with status: 413", ServerOutOfMemory),
        ("RESOURCE_EXHAUSTED", "too many requests for you; again in 17 s", ServerLimited),
        ("INTERNAL", "its licence server says: 429 too many requests", InferenceError),
        ("INTERNAL", "weights: http status: 503", InferenceError),
    ],
)
def test_other_gateways_are_understood_as_well_and_no_model_is_taken_for_one(
    status: str, said: str, kind: type[ServerError]
) -> None:
    found = faults.meaning("host:1", "denoise", status, said)

    assert type(found) is kind
    if isinstance(found, ServerLimited):
        assert found.seconds == (17 if "17" in said else 2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("at_once = 4", "at_once"),
        ("[user]\nat_once = 0\nrate = 1", "user.at_once"),
        ("[users.'a;b']\nrate = 1", "users"),
        ("[users.Ada]\nrate = 1\n[users.ada]\nrate = 2", "'Ada' and 'ada' are one name"),
        ('[refused]\nada = "}; include /etc/passwd"', "refused"),
        ("body = 1\n= 2", "line 2"),
    ],
    ids=["unknown", "zero", "no-user", "one-name", "no-reason", "no-toml"],
)
def test_limits_that_are_wrong_leave_the_gateway_as_it_is(
    text: str, told: str, studio: Studio, tmp_path: Path
) -> None:
    (tmp_path / "limits.toml").write_text(text)
    cert = str(studio.folder / "server-127.0.0.1.pem")
    words = ["--triton", "a:1", "--cert", cert, "--limits", "limits.toml"]

    said = AtOnce(tmp_path)("server", "gateway", *words)

    assert said.code == 7
    assert told in said.err
    assert not (tmp_path / "gateway").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--ca", "ca.key"], "ca.key holds a key, and all may read"),
        (["--cert", "server-127.0.0.1.key"], "server-127.0.0.1.key holds a key, and all may read"),
        (["--key", "client-ada.key"], "client-ada.key is not the key of"),
        (["--key", "ca.pem"], "are no certificate, and key without a password"),
        (["--cert", "client-ada.pem"], "client-ada.pem is no server's certificate"),
    ],
    ids=["ca", "cert", "another", "no-key", "clients"],
)
def test_what_no_server_can_show_is_carried_nowhere(
    words: list[str], told: str, studio: Studio, tmp_path: Path
) -> None:
    studio.client("ada")
    option, name = words
    given = {"--cert": studio.folder / "server-127.0.0.1.pem", option: studio.folder / name}

    said = AtOnce(tmp_path)(
        "server", "gateway", "--triton", "a:1", *(one for pair in given.items() for one in pair)
    )

    assert said.code == 7
    assert told in said.err
    assert not list((tmp_path / "gateway").glob("*.pem"))


@pytest.mark.parametrize("address", ["triton", "triton:0", "triton:99999", "a b:1", "x;}:1", ""])
def test_what_is_no_address_gets_into_no_configuration(
    address: str, studio: Studio, tmp_path: Path
) -> None:
    cert = str(studio.folder / "server-127.0.0.1.pem")

    said = AtOnce(tmp_path)("server", "gateway", "--triton", address, "--cert", cert)

    assert said.code == 2
    assert "is no host:port" in said.err
