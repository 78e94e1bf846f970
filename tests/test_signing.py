"""Signing: one key a user, private, and a signature that fits nothing but what was signed."""

from __future__ import annotations

import base64
import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from processes import Throng
from strategies import texts

from answerprint import signing
from answerprint.errors import SigningError

OWN = """
import json, sys
from pathlib import Path
from answerprint import signing

print(json.dumps("ready"), flush=True)
input()
signer = signing.own_signer(Path(sys.argv[1]))
print(json.dumps([signer.kid, signer.sign(b"message")]), flush=True)
"""


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """The home of a user who has signed nothing yet."""
    return tmp_path / "fresh"


@pytest.fixture
def key(fresh: Path) -> Path:
    signing.own_signer(fresh)
    return fresh / "keys" / "ed25519.key"


def test_a_key_is_made_once_and_belongs_to_the_user_alone(fresh: Path) -> None:
    first, second = signing.own_signer(fresh), signing.own_signer(fresh)

    private = fresh / "keys" / "ed25519.key"
    assert first.kid == second.kid
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stat.S_IMODE(private.parent.stat().st_mode) == 0o700
    assert len(base64.b64decode(private.read_bytes())) == 32


def test_a_users_own_key_is_trusted(fresh: Path) -> None:
    signer = signing.own_signer(fresh)

    assert files(fresh / "trust") == [f"{signer.kid}.pub"]
    assert signing.trusted_keys([fresh / "trust"]).keys() == {signer.kid}


def test_a_public_half_that_was_removed_is_written_again(fresh: Path) -> None:
    kid = signing.own_signer(fresh).kid
    (fresh / "trust" / f"{kid}.pub").unlink()

    assert signing.own_signer(fresh).kid == kid
    assert files(fresh / "trust") == [f"{kid}.pub"]


def test_sixteen_processes_on_a_fresh_home_end_up_with_one_key(fresh: Path) -> None:
    with Throng(OWN, 16, fresh) as crowd:
        crowd.hear()
        crowd.go()
        said = crowd.hear()

    assert len({kid for kid, _ in said}) == 1
    assert len({signature for _, signature in said}) == 1
    assert files(fresh / "keys") == ["ed25519.key"]
    assert files(fresh / "trust") == [f"{said[0][0]}.pub"]


def test_threads_on_a_fresh_home_end_up_with_one_key(fresh: Path) -> None:
    together = threading.Barrier(8)

    def kid() -> str:
        together.wait()
        return signing.own_signer(fresh).kid

    with ThreadPoolExecutor(8) as pool:
        kids = [future.result() for future in [pool.submit(kid) for _ in range(8)]]

    assert len(set(kids)) == 1


def test_a_crash_while_the_key_was_made_does_not_stop_the_next_process(fresh: Path) -> None:
    """In a container every process has the same small number."""
    (fresh / "keys").mkdir(parents=True)
    (fresh / "keys" / f"ed25519.key.{os.getpid()}.part").write_bytes(b"half a k")

    assert signing.own_signer(fresh).kid


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660, 0o666, 0o601])
def test_a_key_that_others_may_read_is_refused(key: Path, mode: int) -> None:
    key.chmod(mode)

    with pytest.raises(SigningError, match="Others may read your signing key") as caught:
        signing.own_signer(key.parents[1])

    assert caught.value.remedy == f"Run: chmod 600 {key.as_posix()}"


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"not base64!", b"QUJD\n", b"\0" * 32, b"A" * 9999, b"\xff\xfe", b"=" * 44],
)
def test_a_damaged_key_is_refused_and_left_where_it_is(key: Path, content: bytes) -> None:
    key.write_bytes(content)

    with pytest.raises(SigningError, match=r"ed25519\.key cannot be used") as caught:
        signing.own_signer(key.parents[1])

    assert "move it away" in caught.value.remedy
    assert key.read_bytes() == content


def test_a_home_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "home").touch()

    with pytest.raises(SigningError, match="cannot be used"):
        signing.own_signer(tmp_path / "home")


def test_a_trust_store_holds_the_keys_of_all_its_folders(tmp_path: Path) -> None:
    kids = {signing.own_signer(tmp_path / name).kid for name in ("ada", "ben")}
    folders = [tmp_path / "ada" / "trust", tmp_path / "ben" / "trust", tmp_path / "gone"]
    (folders[0] / "README.txt").write_text("not a key")

    assert signing.trusted_keys(folders).keys() == kids
    assert signing.trusted_keys([tmp_path / "gone"]) == {}


def test_a_key_is_known_by_itself_not_by_its_files_name(tmp_path: Path) -> None:
    signer = signing.own_signer(tmp_path)
    (tmp_path / "trust" / f"{signer.kid}.pub").rename(tmp_path / "trust" / "ada.pub")

    trusted = signing.trusted_keys([tmp_path / "trust"])

    assert signing.check(b"message", signer.sign(b"message"), trusted) is True


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"ed25519",
        b"ed25519 QUJD ada",
        b"ed25519 !!! ada",
        b"\xff\xfe\xff",
        b"\0",
        b"rsa AAAA a",
    ],
)
def test_a_damaged_public_key_is_refused_with_its_path(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ada.pub").write_bytes(content)

    with pytest.raises(SigningError, match=r"ada\.pub is not a public key") as caught:
        signing.trusted_keys([tmp_path])

    assert "trust store" in caught.value.remedy


@pytest.fixture(scope="module")
def signer(home: Path) -> signing.Signer:
    return signing.own_signer(home)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_a_signature_fits_its_message_and_no_other(signer: signing.Signer, message: bytes) -> None:
    trusted = {signer.kid: signer.key.public_key()}
    signature = signer.sign(message)

    assert signing.check(message, signature, trusted) is True
    assert signing.check(message + b"\0", signature, trusted) is False
    assert signing.check(b"other", signer.sign(message), trusted) is (message == b"other")


def test_a_key_that_is_not_trusted_is_neither_right_nor_wrong(
    signer: signing.Signer, fresh: Path
) -> None:
    stranger = signing.own_signer(fresh)
    trusted = {signer.kid: signer.key.public_key()}

    assert signing.check(b"message", stranger.sign(b"message"), trusted) is None
    assert signing.check(b"other", stranger.sign(b"message"), trusted) is None


def test_a_key_cannot_pass_for_another(signer: signing.Signer, fresh: Path) -> None:
    stranger = signing.own_signer(fresh)
    trusted = {signer.kid: signer.key.public_key()}
    forged = stranger.sign(b"message").replace(stranger.kid, signer.kid)

    assert signing.check(b"message", forged, trusted) is False


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=100), st.data())
def test_a_flipped_bit_in_the_message_does_not_pass(
    signer: signing.Signer, message: bytes, data: st.DataObject
) -> None:
    changed = bytearray(message)
    changed[data.draw(st.integers(0, len(message) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    trusted = {signer.kid: signer.key.public_key()}
    assert signing.check(bytes(changed), signer.sign(message), trusted) is False


def test_no_flipped_bit_in_the_signature_passes(signer: signing.Signer) -> None:
    """All of them: the scheme, the key's name, and every letter of the signature itself."""
    trusted = {signer.kid: signer.key.public_key()}
    signature = signer.sign(b"message")
    flipped = [
        signature[:at] + chr(ord(signature[at]) ^ 1 << bit) + signature[at + 1 :]
        for at in range(len(signature))
        for bit in range(8)
    ]

    assert [one for one in flipped if signing.check(b"message", one, trusted) is True] == []


@settings(deadline=None)
@given(st.one_of(texts, st.text(":ed25519=AQ/+ ", max_size=30)))
def test_any_text_can_be_checked_and_is_no_signature(signer: signing.Signer, text: str) -> None:
    trusted = {signer.kid: signer.key.public_key()}

    assert signing.check(b"message", text, trusted) in (False, None)
    assert signing.check(b"message", f"ed25519:{signer.kid}:{text}", trusted) is False
