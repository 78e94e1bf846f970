"""Two hundred variations as one job: each its own, none lost, and no more memory than for ten."""

from __future__ import annotations

import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from chance import Chance
from command import Answerprint, Said
from PIL import Image
from samples import (
    AtOnce,
    ended,
    identities,
    noise,
    peak_memory,
    save,
    until,
)

from answerprint import exr, sheet, signing
from answerprint.record import Record, extract
from answerprint.takes import Item, Take
from answerprint.verify import verify

COUNT = 200


@pytest.fixture(autouse=True)
def _use_this_server(chance: Chance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", chance.address)


@pytest.fixture
def answerprint(tmp_path: Path) -> AtOnce:
    return AtOnce(tmp_path)


def wedge(folder: Path, address: str, count: int, name: str) -> subprocess.Popen[str]:
    """So many seeds over one frame, as a process of its own."""
    path = folder / "bg.1001.exr"
    if not path.exists():
        save(path, noise(1, width=256, height=144))
    words = ("--task", "seeded", "--plate", path, "--wedge", f"seed=1-{count}", "--name", name)
    return Answerprint(folder).start("run", *words, "--fresh", "--server", address, "--json")


@pytest.fixture(scope="module")
def peaks(chance: Chance, tmp_path_factory: pytest.TempPathFactory) -> dict[int, int]:
    """Variations -> bytes that the client held at most."""
    folder = tmp_path_factory.mktemp("peaks")
    return {
        count: peak_memory(wedge(folder, chance.address, count, f"of{count}"))
        for count in (10, COUNT)
    }


@dataclass(frozen=True)
class Interrupted:
    """A wedge that was interrupted in the middle, and finished: what was kept of it."""

    take: Take
    kept: dict[Item, tuple[int, int]]
    resumed: Said


@pytest.fixture(scope="module")
def wedged(chance: Chance, tmp_path_factory: pytest.TempPathFactory) -> Interrupted:
    folder = tmp_path_factory.mktemp("wedge")
    process = wedge(folder, chance.address, COUNT, "w")
    until(process, "frame", COUNT // 3)
    process.send_signal(signal.SIGINT)
    assert ended(process)[0] == 130
    take = Take(folder / "takes" / "w" / "v001")
    kept = identities(take)
    words = ("--resume", take.folder, "--server", chance.address, "--json")
    return Interrupted(take, kept, AtOnce(folder)("run", *words))


def digest(file: Path) -> str:
    return exr.digest(exr.read(file))


def record(file: Path) -> Record:
    found = extract(exr.read_structure(file))
    assert found
    return found


def signed(take: Take, home: Path) -> bool:
    keys = signing.trusted_keys([home / "trust"])
    return {one.verdict.value for one in verify(take.folder, keys)} == {"OK"}


def expected(seed: int) -> dict[str, bytes]:
    """What the model makes of the plate, by numpy alone."""
    image = np.stack(list(noise(1, width=256, height=144).values()), -1).astype(np.float32)
    image = image + 1.0 * np.random.default_rng(seed).standard_normal(image.shape, np.float32)
    halves = image.astype(np.float16)
    return {name: halves[..., index].tobytes() for index, name in enumerate("RGB")}


def test_interrupted_in_the_middle_it_goes_on_and_what_was_finished_stays(
    wedged: Interrupted, home: Path
) -> None:
    assert COUNT // 3 <= len(wedged.kept) < COUNT
    assert (wedged.resumed.code, wedged.resumed.last["state"]) == (0, "complete")
    assert wedged.resumed.documents[0]["kept"] == len(wedged.kept)
    assert identities(wedged.take).items() >= wedged.kept.items()
    assert len(wedged.take.items()) == COUNT
    assert signed(wedged.take, home)


def test_every_variation_is_another_and_each_is_its_seeds(wedged: Interrupted) -> None:
    files = {item.variation: file for item, file in wedged.take.items().items()}

    assert len({digest(file) for file in files.values()}) == COUNT
    assert list(files) == [f"w{number:03d}" for number in range(1, COUNT + 1)]
    for number in (1, 17, 100, COUNT):
        file = files[f"w{number:03d}"]
        channels = exr.read(file).parts[0].channels
        assert {name: one.tobytes() for name, one in channels.items()} == expected(number)
        assert (record(file).seed, record(file).variation) == (str(number), f"w{number:03d}")


def test_many_variations_need_no_more_memory_than_few(peaks: dict[int, int]) -> None:
    assert peaks[COUNT] <= 1.1 * peaks[10]


def test_a_sheet_shows_all_of_them(wedged: Interrupted, tmp_path: Path) -> None:
    target = tmp_path / "sheet.png"

    said = AtOnce(tmp_path)("sheet", wedged.take.folder, "--width", "32", "--out", target, "--json")

    assert (said.code, said.last["pictures"]) == (0, COUNT), said
    picture = np.asarray(Image.open(target))
    step = sheet.GAP + 32
    columns = (picture.shape[1] - sheet.GAP) // step
    rows = -(-COUNT // columns)
    down = (picture.shape[0] - sheet.GAP) // rows
    cells = [
        picture[sheet.GAP + row * down :][:16, sheet.GAP + column * step :][:, :32]
        for row in range(rows)
        for column in range(columns)
    ]
    ground = np.array(sheet.GROUND)
    assert [not (cell == ground).all() for cell in cells[:COUNT]] == [True] * COUNT
    assert all((cell == ground).all() for cell in cells[COUNT:])
    assert len({cell.tobytes() for cell in cells[:COUNT]}) == COUNT


def test_every_variation_is_listed_with_its_values(wedged: Interrupted, tmp_path: Path) -> None:
    said = AtOnce(tmp_path)("show", wedged.take.folder, "--json")

    first = said.documents[0]
    assert first["state"] == "complete"
    assert first["variations"] == {f"w{n:03d}": {"seed": str(n)} for n in range(1, COUNT + 1)}
    assert first["frames"] == [f"w{n:03d}/1001" for n in range(1, COUNT + 1)]


def test_promoted_one_is_a_take_of_its_own(wedged: Interrupted, home: Path, tmp_path: Path) -> None:
    answerprint = AtOnce(tmp_path)
    source = wedged.take.file(1001, "w017")

    said = answerprint("promote", wedged.take.folder, "w017", "--json")

    assert said.code == 0, said
    take = Take(wedged.take.folder.parent / "v002")
    assert take.state() == "complete"
    assert list(take.items()) == [Item(1001)]
    assert digest(take.file(1001)) == digest(source)
    assert signed(take, home)
    made = record(take.file(1001))
    assert (made.take, made.variation, made.seed) == (2, "", "17")
    assert made.copied_from == {
        "statement_id": record(source).statement_id,
        "name": "w",
        "take": 1,
        "variation": "w017",
        "frame": 1001,
    }
    assert take.read("manifest")["manifest"]["promoted_from"] == "w/v001/w017"
    out = str(tmp_path / "again")
    again = answerprint("rerun", take.folder, "--out", out, "--json")
    assert (again.code, again.last["answer"]) == (0, "identical"), again
    assert again.last["frames"].keys() == {"1001"}


def test_a_variation_that_is_not_there_is_answered_with_those_that_are(
    wedged: Interrupted, tmp_path: Path
) -> None:
    said = AtOnce(tmp_path)("promote", wedged.take.folder, "w201", "--json")

    assert said.code == 5
    assert "has no variation 'w201'" in said.last["problem"]
    assert said.last["remedy"] == "It has w001 to w200."
