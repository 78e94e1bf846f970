"""Who may ask the studio service, and for what: other sites, other names, too much, other files."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from studios import Served, served, settings

from answerprint.documents import write
from answerprint_studio.guard import MOST_BODY

IDENT = "ab" * 16
PLAIN = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service over one take that was claimed and no more; nothing of it is ever written."""
    folder = tmp_path_factory.mktemp("secure")
    private = folder / "takes" / "bg" / "v001" / ".take"
    private.mkdir(parents=True)
    write(private / "claim.json", {"uuid": IDENT, "user": "ada", "created": "", "machine": "vm"})
    (folder / "secret.txt").write_text("secret")
    with served(settings(folder / "takes", folder / "home")) as running:
        running.look()
        yield running


def asked(studio: Served, method: str, path: str, body: Any = None, **headers: str) -> int:
    """The status that a request gets which says exactly this, whatever a library would add."""
    host, _, port = studio.address.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body=body, headers={"Host": f"{host}:{port}", **said})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def decision(studio: Served, body: str = '{"state": "note", "note": "x"}', **headers: str) -> int:
    words = {"Content-Type": "application/json", **headers}
    return asked(studio, "POST", f"/api/v1/takes/{IDENT}/reviews", body, **words)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example:8571", "", "127.0.0.1@evil", "[::1", "10.0.0.1"],
)
def test_a_name_that_is_not_ours_reads_nothing(studio: Served, host: str) -> None:
    assert asked(studio, "GET", "/api/v1/takes", Host=host) == 421
    assert asked(studio, "GET", "/", Host=host) == 421
    assert decision(studio, Host=host) == 421


@pytest.mark.parametrize("host", ["localhost:8571", "127.0.0.1", "[::1]:8571", "LOCALHOST"])
def test_this_machines_own_names_are_known(studio: Served, host: str) -> None:
    assert asked(studio, "GET", "/api/v1/takes", Host=host) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
    ],
    ids=str,
)
def test_another_site_decides_nothing(studio: Served, headers: dict[str, str]) -> None:
    assert decision(studio, **headers) == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_form_of_another_site_decides_nothing(studio: Served, kind: str) -> None:
    assert decision(studio, **{"Content-Type": kind}) == 415


def test_another_site_reads_nothing(studio: Served) -> None:
    assert asked(studio, "GET", "/api/v1/takes", Sec_Fetch_Site="cross-site") == 403
    assert asked(studio, "GET", "/api/v1/takes", Sec_Fetch_Site="same-origin") == 200
    answer = studio.get("/api/v1/takes", headers={"Origin": "https://evil.example"})
    assert not {name for name in answer.headers if name.lower().startswith("access-control")}


def test_our_own_page_may_leave_a_note(studio: Served) -> None:
    answer = studio.post(
        f"/takes/{IDENT}/reviews",
        {"state": "note", "note": "hello"},
        **{"Origin": studio.address, "Sec-Fetch-Site": "same-origin"},
    )

    assert answer.status_code == 201


def test_a_body_that_is_too_large_is_not_read(studio: Served) -> None:
    large = json.dumps({"state": "note", "note": "x" * MOST_BODY})

    assert decision(studio, large) == 413
    assert decision(studio, "{}", **{"Content-Length": "999999999"}) == 413


def test_a_body_of_no_said_length_is_counted(studio: Served) -> None:
    chunks = (b"x" * 65536 for _ in range(64))
    answer = requests.post(
        f"{studio.address}/api/v1/takes/{IDENT}/reviews", data=chunks, headers=PLAIN, timeout=60
    )

    assert answer.status_code == 413


def test_a_note_of_a_megabyte_is_refused_in_words(studio: Served) -> None:
    within = studio.decide(IDENT, "note", note="x" * 70_000)

    assert within.status_code == 422
    assert "note" in within.json()["problem"]


@pytest.mark.parametrize(
    "path",
    [
        "/../settings.py",
        "/static/../../settings.py",
        "/%2e%2e/settings.py",
        "/static/%2e%2e%2fsettings.py",
        "/..%5csettings.py",
        "//etc/passwd",
        "/static//etc/passwd",
        "/js/%00",
    ],
)
def test_no_file_beside_the_page_is_given_out(studio: Served, path: str) -> None:
    assert asked(studio, "GET", path) in (400, 404)


@pytest.mark.parametrize(
    "path",
    [
        "/takes/..%2f..%2fsecret.txt",
        f"/takes/{IDENT}/frames/1/proxy?variation=../..",
        f"/takes/{IDENT}/thumbnail?variation=w001/../../..",
        f"/takes/{IDENT.upper()}",
    ],
)
def test_no_path_is_made_of_what_is_asked_for(studio: Served, path: str) -> None:
    assert asked(studio, "GET", f"/api/v1{path}") in (404, 422)


def test_an_index_that_names_a_folder_elsewhere_opens_nothing(studio: Served) -> None:
    index = studio.studio.index
    entry = index.one(IDENT)
    assert entry is not None
    elsewhere = {**entry, "id": "cd" * 16}
    elsewhere["folder"] = f"{entry['folder']}/../../../home"
    index.put([elsewhere])
    try:
        assert asked(studio, "GET", f"/api/v1/takes/{'cd' * 16}") == 404
    finally:
        index.drop(["cd" * 16])


@pytest.mark.parametrize("path", ["/", "/js/main.js", "/api/v1/takes", "/api/v1/none", "/none"])
def test_every_answer_says_what_a_browser_may_do_with_it(studio: Served, path: str) -> None:
    headers = studio.get(path).headers

    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "server" not in headers


def test_nothing_but_reading_and_deciding_is_done(studio: Served) -> None:
    for method in ("PUT", "DELETE", "PATCH"):
        path = f"/api/v1/takes/{IDENT}"
        assert asked(studio, method, path, "{}", **PLAIN) == 405


def test_where_others_look_nobody_decides(studio: Served, tmp_path: Path) -> None:
    root = studio.studio.settings.roots[0]
    open_to_all = settings(root, tmp_path, host="0.0.0.0", names=("review.lan",))
    with served(open_to_all) as running:
        running.look()
        me = running.json("/me")
        answer = running.decide(IDENT, "note", note="x")
        named = asked(running, "GET", "/api/v1/takes", Host="review.lan:8571")

    assert not me["canDecide"]
    assert "no logins yet" in me["why"]
    assert (answer.status_code, answer.json()["problem"]) == (403, me["why"])
    assert named == 200


def test_a_key_that_others_may_read_signs_nothing(studio: Served, tmp_path: Path) -> None:
    root = studio.studio.settings.roots[0]
    with served(settings(root, tmp_path)) as running:
        running.look()
        running.decide(IDENT, "note", note="makes the key")
        (tmp_path / "keys" / "ed25519.key").chmod(0o644)
        me = running.json("/me")
        answer = running.decide(IDENT, "note", note="x")

    assert not me["canDecide"]
    assert "Others may read your signing key" in me["why"]
    assert answer.status_code == 403
