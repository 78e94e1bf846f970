"""Certificates: a studio's own authority, made, renewed and spoken of before they end."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings, strategies as st
from samples import AtOnce

from answerprint.errors import JobError, SetupError
from answerprint_server import certs, tokens
from answerprint_server.certs import Wanted


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certs")
    certs.authority(folder, "Nightworks", Wanted())
    return folder


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_the_command_line_makes_an_authority_a_servers_and_a_persons(tmp_path: Path) -> None:
    answerprint = AtOnce(tmp_path)

    made = [
        answerprint("server", "certs", "ca", "--studio", "Nightworks", "--json"),
        answerprint("server", "certs", "server", "render1", "10.0.0.7", "--json"),
        answerprint("server", "certs", "client", "ada", "--show", "night", "--json"),
    ]
    listed = answerprint("server", "certs", "--list", "--json")

    assert [one.code for one in made] == [0, 0, 0], made
    assert sorted(str(one) for one in listed.documents) == sorted(str(one.last) for one in made)
    assert made[1].last["names"] == ["render1", "10.0.0.7"]
    ada = made[2].last
    assert (ada["names"], ada["show"], ada["role"]) == (["ada"], "night", "artist")
    assert ada["days"] in (89, 90)
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.skipif(os.name != "posix", reason="Windows has rights of another kind")
def test_a_key_is_for_its_owner_alone_and_a_certificate_for_all(authority: Path) -> None:
    made = certs.client(authority, "rights", "", "artist", Wanted())

    assert stat.S_IMODE(made.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.certificate.stat().st_mode) == 0o644
    assert stat.S_IMODE((authority / "ca.key").stat().st_mode) == 0o600


def test_a_clients_certificate_is_for_clients_and_a_servers_for_servers(authority: Path) -> None:
    client = load(certs.client(authority, "eve", "", "admin", Wanted()).certificate)
    server = load(certs.server(authority, ["render2", "::1"], Wanted()).certificate)
    ca = load(authority / "ca.pem")

    for held, usage in (
        (client, ExtendedKeyUsageOID.CLIENT_AUTH),
        (server, ExtendedKeyUsageOID.SERVER_AUTH),
    ):
        held.verify_directly_issued_by(ca)
        assert list(held.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [usage]
        assert not held.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert client.subject.rfc4514_string() == "OU=admin,CN=eve"
    limits = ca.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (limits.ca, limits.path_length) == (True, 0)


def test_nothing_is_overwritten_unless_it_is_renewed(authority: Path) -> None:
    made = certs.client(authority, "twice", "", "artist", Wanted())
    before = made.certificate.read_bytes(), made.key.read_bytes()

    with pytest.raises(JobError, match="is there already"):
        certs.client(authority, "twice", "", "artist", Wanted())
    with pytest.raises(JobError, match="is there already"):
        certs.authority(authority, "Other", Wanted())
    with pytest.raises(JobError, match=r"There is no .* to renew"):
        certs.client(authority, "never", "", "artist", Wanted(renew=True))

    assert (made.certificate.read_bytes(), made.key.read_bytes()) == before


def test_renewed_it_has_its_key_or_a_new_one(authority: Path) -> None:
    first = certs.client(authority, "again", "", "artist", Wanted(days=10))
    key = first.key.read_bytes()

    second = certs.client(authority, "again", "", "artist", Wanted(renew=True))
    assert second.key.read_bytes() == key
    assert (second.until > first.until, second.serial != first.serial) == (True, True)
    third = certs.client(authority, "again", "", "artist", Wanted(renew=True, new_key=True))
    assert third.key.read_bytes() != key
    held = load_pem_private_key(third.key.read_bytes(), None)
    assert load(third.certificate).public_key() == held.public_key()


def test_renewed_it_is_for_whom_it_was_before(authority: Path) -> None:
    answerprint = AtOnce(authority.parent)
    where = ["--dir", str(authority), "--json"]
    answerprint("server", "certs", "client", "root", "--show", "night", "--role", "admin", *where)
    answerprint("server", "certs", "server", "fe80::2", "render9.lan", "10.0.0.9", *where)

    person = answerprint("server", "certs", "client", "root", "--renew", *where).last
    other = answerprint("server", "certs", "client", "root", "--renew", "--show", "day", *where)
    machine = answerprint("server", "certs", "server", "fe80::2", "--renew", *where).last

    assert (person["show"], person["role"]) == ("night", "admin")
    assert (other.last["show"], other.last["role"]) == ("day", "admin")
    assert machine["names"] == ["fe80::2", "render9.lan", "10.0.0.9"]


def test_a_number_is_written_as_the_gateway_has_it() -> None:
    assert certs.serial(0xABC) == "0ABC"
    assert certs.serial(0x5 << 152) == "05" + "00" * 19


def test_a_renewed_authority_vouches_for_what_it_did_before(tmp_path: Path) -> None:
    certs.authority(tmp_path, "Nightworks", Wanted(days=400))
    client = certs.client(tmp_path, "ada", "", "artist", Wanted())

    renewed = certs.authority(tmp_path, "another name", Wanted(renew=True))

    assert renewed.days > 3000
    load(client.certificate).verify_directly_issued_by(load(renewed.certificate))


def test_nothing_outlives_its_authority(tmp_path: Path) -> None:
    certs.authority(tmp_path, "Nightworks", Wanted(days=30))

    with pytest.raises(JobError, match="valid for 90 days, and the authority is for"):
        certs.client(tmp_path, "ada", "", "artist", Wanted())


def test_what_ends_soon_is_spoken_of(authority: Path) -> None:
    soon = certs.client(authority, "soon", "night", "artist", Wanted(days=29))
    later = certs.client(authority, "later", "", "artist", Wanted(days=60))

    assert certs.told(soon).endswith("28 days  renew it now")
    assert certs.told(soon).startswith("artist    soon of night, until ")
    assert "renew" not in certs.told(later)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["server"], "takes a name or more"),
        (["client"], "takes one user"),
        (["client", "ada", "eve"], "takes one user"),
        (["client", "ada,OU=admin"], "is no user"),
        (["client", "../ada"], "is no user"),
        (["client", "ada", "--show", "a b"], "is no show"),
        (["client", "ada", "--days", "0"], "--days is 0"),
        (["server", "a b"], "is no name of a machine"),
        (["ca", "x"], "takes no name"),
        (["client", "ada", "--new-key"], "--new-key is for --renew"),
        ([], "needs to know what to make"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_made_is_said_before_anything_is_written(
    words: list[str], told: str, authority: Path, tmp_path: Path
) -> None:
    before = sorted(authority.iterdir())

    said = AtOnce(tmp_path)("server", "certs", *words, "--dir", authority)

    assert said.code == 2
    assert told in said.err
    assert sorted(authority.iterdir()) == before


def test_without_an_authority_it_says_what_to_make_first(tmp_path: Path) -> None:
    with pytest.raises(SetupError) as caught:
        certs.client(tmp_path, "ada", "", "artist", Wanted())

    assert "the authority first" in caught.value.remedy
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(SetupError, match="is none that"):
        certs.client(tmp_path, "ada", "", "artist", Wanted())


@given(st.text(max_size=40))
@settings(max_examples=50, deadline=None)
def test_whoever_is_let_through_as_a_user_needs_no_quoting_anywhere(user: str) -> None:
    try:
        certs.check_person(user, "")
    except JobError:
        return
    assert x509.Name.from_rfc4514_string(f"CN={user}").rfc4514_string() == f"CN={user}"
    assert not set(user) & set("\"'\\;{}$ \n,=+/#<>")


def test_a_token_is_made_listed_and_taken_back_and_kept_nowhere(tmp_path: Path) -> None:
    answerprint = AtOnce(tmp_path)

    made = answerprint("server", "token", "farm", "--show", "night", "--json")
    again = answerprint("server", "token", "farm", "--show", "night")
    other = answerprint("server", "token", "ada", "--role", "admin", "--days", "7", "--json")
    listed = answerprint("server", "token", "--list", "--json")

    assert (made.code, again.code, other.code) == (0, 2, 0), (made, again, other)
    assert "is there already" in again.err
    assert [one["user"] for one in listed.documents] == ["farm", "ada"]
    kept = (tmp_path / "farm.token").read_text().strip()
    for path in (tmp_path / "gateway").iterdir():
        assert kept[20:] not in path.read_text()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600 or os.name != "posix"
    assert tokens.digest(kept) in (tmp_path / "gateway" / "tokens.conf").read_text()
    assert kept not in made.out
    until = datetime.fromisoformat(other.last["until"].replace("Z", "+00:00"))
    assert abs(until - datetime.now(timezone.utc) - timedelta(days=7)) < timedelta(hours=1)

    gone = answerprint("server", "token", "--revoke", "farm", "--json")
    assert gone.last["state"] == "revoked"
    assert [one.user for one in tokens.read(tmp_path / "gateway")] == ["ada"]
    assert answerprint("server", "token", "--revoke", "farm").code == 2
    assert answerprint("server", "token").code == 2


def test_a_token_in_a_folder_without_a_gateway_is_said_to_be_so(tmp_path: Path) -> None:
    said = AtOnce(tmp_path)("server", "token", "eve")

    assert said.code == 0
    assert f"No gateway is in {tmp_path.as_posix()}/gateway yet" in said.out
    assert "reload" not in said.out


def test_of_tokens_made_at_once_none_is_lost(tmp_path: Path) -> None:
    users = [f"farm{number}" for number in range(8)]
    with ThreadPoolExecutor(len(users)) as pool:
        list(pool.map(lambda user: tokens.make(tmp_path / "gateway", user), users))

    assert sorted(one.user for one in tokens.read(tmp_path / "gateway")) == users


def test_a_token_that_could_not_be_handed_over_is_worth_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    said = AtOnce(tmp_path)("server", "token", "farm", "--out", "file/farm.token")

    assert said.code == 7, said
    assert tokens.read(tmp_path / "gateway") == []


@pytest.mark.parametrize("held", ["", "{}x", '{"tokens": [{"id": "x"}]}', '{"schema": "other"}'])
def test_a_file_of_tokens_that_is_damaged_is_left_as_it_is(held: str, tmp_path: Path) -> None:
    (tmp_path / tokens.FILE).write_text(held)

    with pytest.raises(SetupError, match=r"tokens\.json cannot be used"):
        tokens.make(tmp_path, "ada")

    assert (tmp_path / tokens.FILE).read_text() == held
