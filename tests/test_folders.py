"""What may not be looked at is said with the system's word for it, and never taken for missing."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from answerprint import cli, documents, takes, versions
from answerprint.errors import TakeError
from answerprint.folder import is_folder
from answerprint.interrupt import Interrupt
from answerprint.site import Site
from answerprint.versions import MOST_ROWS, NEAR, Remembered

NOBODY = 65534


@contextlib.contextmanager
def nobody() -> Iterator[None]:
    """Root may look everywhere: within this the tests are nobody in particular."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


@pytest.fixture
def walled(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """takes/open/v001, and takes/closed/v001 where nobody may look into closed."""
    for verb in ("takes", "versions", "thumbnail"):
        cli.verb(verb)  # its libraries are ours alone
    # not in $TMPDIR, which may be closed to nobody altogether
    root = Path(tempfile.mkdtemp(dir="/tmp"))
    root.chmod(0o755)
    monkeypatch.setenv("ANSWERPRINT_HOME", str(root / "home"))
    for name in ("open", "closed"):
        takes.claim(root / "takes" / name)
    (root / "takes" / "closed").chmod(0)
    yield root / "takes"
    (root / "takes" / "closed").chmod(0o700)
    shutil.rmtree(root)


def said(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, list[dict[str, str]]]:
    with nobody():
        code = cli.main([*map(str, words), "--json"])
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_takes_in_a_closed_folder_are_said_to_be_missing_from_the_list(
    walled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, (one, error) = said(capsys, "takes", walled)

    assert (code, one["name"]) == (5, "open")
    assert error["problem"] == (
        f"{walled.as_posix()}/closed cannot be read: Permission denied. "
        "Takes in there are not listed."
    )


@pytest.mark.parametrize(
    "words",
    [("takes", "closed/v001"), ("thumbnail", "closed/v001"), ("versions", "closed/v001")],
    ids=lambda words: str(words[0]),
)
def test_a_take_that_may_not_be_looked_at_is_not_one_that_is_gone(
    walled: Path, words: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    code, (error,) = said(capsys, words[0], walled / words[1])

    assert code == 5
    assert "Permission denied" in error["problem"]
    assert "not there any more" not in error["problem"]


@pytest.mark.parametrize("verb", ["takes", "versions", "thumbnail"])
@pytest.mark.parametrize("path", ["x" * 300, "a\0b/v001"], ids=["long", "nul"])
def test_what_can_be_no_path_is_an_error_of_ours(
    verb: str, path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = cli.main([verb, str(tmp_path / path), "--json"])
    (error,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert code in (2, 3, 5)
    assert error["problem"]


def test_a_link_to_itself_is_no_missing_folder(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "link")

    assert not is_folder(tmp_path / "gone")
    with pytest.raises(TakeError, match="symbolic links"):
        is_folder(tmp_path / "link")


def test_of_a_long_stream_the_newest_are_listed_and_those_around_the_one_that_is_meant(
    tmp_path: Path,
) -> None:
    stream, number = tmp_path / "bg", MOST_ROWS + 200
    for one in range(1, number + 1):
        (stream / f"v{one:03d}" / ".take").mkdir(parents=True)
    documents.write(stream / "v120" / ".take" / "manifest.json", {})

    found = versions.versions(Remembered(stream / "v050"), Site()).as_json()

    labels = [int(row["take"][1:]) for row in found["takes"]]
    around = {*range(50 - NEAR, 51 + NEAR), *range(120 - NEAR, 121 + NEAR)}
    assert set(labels) == around | set(range(number - MOST_ROWS + 1, number + 1))
    assert labels == sorted(labels, reverse=True)
    assert (found["take"], found["latest"]) == ("v050", "v120")
    assert found["more"] == number - len(labels)
    assert len(json.dumps(found)) < 1 << 20


def test_a_list_of_takes_that_nobody_waits_for_any_more_ends(tmp_path: Path) -> None:
    takes.claim(tmp_path / "bg")
    interrupted = Interrupt()
    interrupted.set()

    with pytest.raises(KeyboardInterrupt):
        list(takes.below(tmp_path, heed=interrupted.heed))
