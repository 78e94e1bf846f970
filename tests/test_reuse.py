"""Work that was done already is copied, never done again; and what is not quite it, is done."""

from __future__ import annotations

import gc
import hashlib
import os
import shutil
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from chance import Chance
from command import Answerprint
from samples import (
    AtOnce,
    change,
    claimed,
    noise,
    plate,
    refused,
    save,
)

from answerprint import exr, reuse, signing, takes, workitem
from answerprint.job import Resolved
from answerprint.record import Record, extract
from answerprint.shelf import Shelf
from answerprint.takes import Item, Take
from answerprint.triton import Server
from answerprint.verify import verify


@pytest.fixture(autouse=True)
def _use_this_server(chance: Chance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", chance.address)


@pytest.fixture
def answerprint(tmp_path: Path) -> AtOnce:
    return AtOnce(tmp_path)


def digest(file: Path) -> str:
    return exr.digest(exr.read(file))


def record(file: Path) -> Record:
    found = extract(exr.read_structure(file))
    assert found
    return found


def signed(take: Take, home: Path) -> bool:
    keys = signing.trusted_keys([home / "trust"])
    return {one.verdict.value for one in verify(take.folder, keys)} == {"OK"}


@dataclass
class Work:
    """Runs of the task, and what each of them cost."""

    chance: Chance
    answerprint: AtOnce
    path: Path
    number: int = 0

    def __call__(self, *words: str, task: str = "seeded") -> tuple[int, dict[str, Any]]:
        """(how often a model was asked, item -> where it was copied from or None)."""
        before = self.chance.calls
        asked = ("--task", task, "--plate", str(self.path), "--name", "t", *words, "--json")
        said = self.answerprint("run", *asked)
        assert said.code == 0, said
        self.number += 1
        frames = [one for one in said.documents if one["event"] == "frame"]
        found = {
            str(Item(one["frame"], one.get("variation", ""))): one.get("copied_from")
            for one in frames
        }
        return self.chance.calls - before, dict(sorted(found.items()))

    @property
    def take(self) -> Take:
        """The newest."""
        return Take(self.answerprint.folder / "takes" / "t" / f"v{self.number:03d}")


@pytest.fixture
def work(chance: Chance, answerprint: AtOnce, tmp_path: Path) -> Work:
    return Work(chance, answerprint, plate(tmp_path, 1))


def test_equal_frames_of_one_plate_are_made_once(work: Work, home: Path) -> None:
    """A held frame, as animation has it: the same file under many numbers."""
    for number in range(1002, 1013):
        shutil.copy(work.path.with_name("bg.1001.exr"), work.path.with_name(f"bg.{number}.exr"))

    calls, found = work("--seed", "5")

    assert calls == 1
    made = [item for item, source in found.items() if source is None]
    assert len(made) == 1
    assert len(found) == 12
    for item, source in found.items():
        assert source is None or (source["take"], str(source["frame"])) == (1, made[0]), item
    assert len({digest(file) for file in work.take.frames().values()}) == 1
    assert [record(file).frame for file in work.take.frames().values()] == list(range(1001, 1013))
    assert signed(work.take, home)


def test_what_an_earlier_take_holds_is_copied(work: Work, home: Path) -> None:
    assert work("--wedge", "seed=1-4")[0] == 4
    first = work.take

    calls, found = work("--wedge", "seed=3-6")

    assert calls == 2
    assert {item: one and (one["take"], one["variation"]) for item, one in found.items()} == {
        "w001/1001": (1, "w003"),
        "w002/1001": (1, "w004"),
        "w003/1001": None,
        "w004/1001": None,
    }
    copied, source = work.take.file(1001, "w001"), first.file(1001, "w003")
    assert digest(copied) == digest(source)
    made = record(copied)
    assert (made.take, made.variation, made.seed) == (2, "w001", "3")
    assert made.copied_from
    assert made.copied_from["statement_id"] == record(source).statement_id
    assert signed(work.take, home)


def test_a_copy_is_copied_again(work: Work) -> None:
    assert [work("--seed", "5")[0] for _ in range(3)] == [1, 0, 0]


@pytest.mark.parametrize(
    "words",
    [
        ("--seed", "6"),
        ("--seed", "5", "--set", "gain=2"),
        ("--seed", "5", "--colour", "ACEScct"),
        ("--seed", "5", "--colour", "Linear Rec.2020"),
        ("--seed", "5", "--type", "float"),
        ("--seed", "5", "--compression", "piz"),
        ("--seed", "5", "--result", "beside"),
        ("--seed", "5", "--non-finite", "zero"),
        ("--seed", "5", "--fresh"),
    ],
    ids=lambda words: " ".join(words[-2:]),
)
def test_what_is_asked_for_otherwise_is_made_anew(words: tuple[str, ...], work: Work) -> None:
    assert work("--seed", "5")[0] == 1

    assert work(*words) == (1, {"1001": None})

    assert work("--seed", "5")[0] == 0


def test_another_model_makes_it_anew(work: Work) -> None:
    assert work("--seed", "5")[0] == 1

    assert work("--seed", "5", task="seeded_otherwise") == (1, {"1001": None})


@pytest.mark.parametrize(
    ("end", "change"),
    [
        ("inputs", {"encoding": "acescct"}),
        ("inputs", {"channels": (("B", "G", "R"),)}),
        ("outputs", {"encoding": "acescct"}),
        ("outputs", {"replaces": None, "layer": "other"}),
    ],
)
def test_another_contract_for_the_same_model_makes_it_anew(
    end: str, change: dict[str, Any], chance: Chance, tmp_path: Path
) -> None:
    """The model's files are the same; it is fed otherwise, or its answer goes elsewhere."""
    with Server(chance.address) as server:
        take = claimed(server, tmp_path / "takes", plate(tmp_path, 1), task="seeded")
    resolved = takes.reopen(take)
    (one,) = getattr(resolved.contract, end)
    contract = resolved.contract.model_copy(update={end: (one.model_copy(update=change),)})
    other = resolved.model_copy(update={"contract": contract})
    found = workitem.read(resolved, Item(1001), Shelf(workitem.files(resolved, 1001)))

    def key(job: Resolved) -> str:
        return reuse.key(found, job, job.settings(1001), job.seed())

    assert key(takes.reopen(take)) == key(resolved)
    assert key(other) != key(resolved)


def test_another_header_on_the_plate_makes_it_anew(work: Work) -> None:
    """The pixels are the same; what stands beside them comes along into the take."""
    assert work("--seed", "5")[0] == 1
    save(work.path.with_name("bg.1001.exr"), noise(1001), owner="Ada")

    assert work("--seed", "5") == (1, {"1001": None})

    assert exr.read(work.take.file(1001)).attribute("owner") == "Ada"


def test_other_pixels_make_it_anew(work: Work) -> None:
    assert work("--seed", "5")[0] == 1
    change(work.path.with_name("bg.1001.exr"), lambda one: one.parts[0].channels["R"].fill(1))

    assert work("--seed", "5") == (1, {"1001": None})


def blacken(file: Path) -> None:
    change(file, lambda one: one.parts[0].channels["R"].fill(0))


def halve(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def forge(file: Path) -> None:
    """Another seed's frame, genuine and signed, in the place of this one."""
    shutil.copy(file.with_name("t_v001.1001.exr").parent.parent / "v002" / "t_v002.1001.exr", file)


@pytest.mark.parametrize("tamper", [blacken, halve, forge, Path.unlink])
def test_an_earlier_frame_that_is_not_what_was_signed_is_not_copied(
    tamper: Any, work: Work
) -> None:
    assert work("--seed", "5")[0] == 1
    first = work.take.file(1001)
    before = digest(first)
    assert work("--seed", "6")[0] == 1

    tamper(first)

    assert work("--seed", "5") == (1, {"1001": None})
    assert digest(work.take.file(1001)) == before


def test_without_a_seed_it_is_seed_0_and_the_record_says_so(work: Work, tmp_path: Path) -> None:
    """The model must be given one: what it was given is on record, and that can be made again."""
    assert work()[0] == 1
    file = work.take.file(1001)
    assert record(file).seed == "0"

    assert work("--seed", "0")[0] == 0
    assert digest(work.take.file(1001)) == digest(file)


def test_what_is_made_afresh_is_copied_by_later_takes(work: Work) -> None:
    assert work("--seed", "5", "--fresh")[0] == 1
    assert work("--seed", "5", "--fresh")[0] == 1

    calls, found = work("--seed", "5")

    assert calls == 0
    assert found["1001"]["take"] == 2


def test_equal_frames_of_one_take_that_is_made_afresh_are_all_made(work: Work) -> None:
    shutil.copy(work.path.with_name("bg.1001.exr"), work.path.with_name("bg.1002.exr"))

    assert work("--seed", "5", "--fresh")[0] == 2


def escape(take: Take, tmp_path: Path) -> None:
    """The journal names the frame by a path that leads out of the take."""
    outside = take.file(1001).rename(tmp_path / "outside.exr")
    lines = take.journal().path.read_text(encoding="utf-8")
    name = take.file(1001).name
    assert f'"{name}"' in lines
    take.journal().path.write_text(lines.replace(f'"{name}"', f'"{outside}"'), encoding="utf-8")


def link_out(take: Take, tmp_path: Path) -> None:
    """The frame is a link to one that lies elsewhere."""
    outside = take.file(1001).rename(tmp_path / "outside.exr")
    take.file(1001).symlink_to(outside)


def hide(take: Take, tmp_path: Path) -> None:
    """Another take lies deeper, where no take of this stream is."""
    deep = take.folder.parent / take.name
    deep.mkdir()
    take.folder.rename(deep / take.label)
    take.private.mkdir(parents=True)


@pytest.mark.parametrize("place", [escape, link_out, hide])
def test_only_a_frame_that_lies_in_a_take_under_its_own_name_is_copied(
    place: Any, work: Work, tmp_path: Path
) -> None:
    assert work("--seed", "5")[0] == 1

    place(work.take, tmp_path)

    assert work("--seed", "5") == (1, {"1001": None})


def test_a_pipe_in_a_takes_place_is_not_waited_at(work: Work) -> None:
    assert work("--seed", "5")[0] == 1
    file = work.take.file(1001)
    file.unlink()
    os.mkfifo(file)
    words = ("--task", "seeded", "--plate", work.path, "--name", "t", "--seed", "5", "--json")

    process = Answerprint(work.answerprint.folder).start("run", *words)
    try:
        said, _ = process.communicate(timeout=60)
    finally:
        process.kill()

    assert '"state": "complete"' in said
    assert "copied_from" not in said


@pytest.mark.parametrize("folder", ["", "w001"])
def test_nothing_is_copied_from_a_folder_that_is_a_link(
    folder: str, work: Work, tmp_path: Path
) -> None:
    assert work("--wedge", "seed=5")[0] == 1
    linked = work.take.folder / folder
    linked.symlink_to(linked.rename(tmp_path / "outside"))

    assert work("--wedge", "seed=5") == (1, {"w001/1001": None})


@pytest.mark.parametrize(
    "words", [("--seed", "-1"), ("--seed", str(2**64)), ("--wedge", "seed=-2-3")]
)
def test_a_seed_that_no_model_takes_is_refused_before_a_number_is_taken(
    words: tuple[str, ...], work: Work
) -> None:
    said = refused(work.answerprint, "JobError", "--task", "seeded", "--plate", work.path, *words)

    assert "Give a whole number from 0 to 18446744073709551615." in said


def test_the_largest_seed_is_a_seed(work: Work) -> None:
    assert work("--seed", str(2**64 - 1)) == (1, {"1001": None})


def measured(number: int) -> dict[str, Any]:
    """What a journal says of a frame, much as it is, with many layers of which two are new."""
    levels = {"least": 0.0, "greatest": number / 7, "mean": number / 9, "samples": number * 3}
    counts = {"negative": 0, "above_one": number, "nan": 0, "inf": 0}
    names = [*(f"in{one}" for one in range(20)), "image out", "albedo out"]
    return {
        "frame": number,
        "windows": [[0, 0, 4095, 2159]] * 4,
        "levels": dict.fromkeys(names, levels | counts),
        "warnings": [f"image: {number} samples below 0 in, none out"],
    }


def allocated(count: int) -> int:
    """Bytes that are held of so many frames once they are made and nobody waits."""
    made = reuse.Made({})
    tracemalloc.start()
    try:
        for number in range(count):
            work = hashlib.sha256(str(number).encode()).hexdigest()
            with made.turn(work):
                made.add(
                    work,
                    Path(f"/shows/show/shot/takes/t/v001/t_v001.{number}.exr"),
                    measured(number),
                )
        gc.collect()  # what is only garbage is not held
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def test_little_is_held_of_each_frame_of_a_long_show() -> None:
    allocated(1000)  # the libraries fill what they keep for themselves

    assert (allocated(1000) - allocated(200)) / 800 < 1000


def test_no_turn_is_kept_that_nobody_waits_for() -> None:
    made, size = reuse.Made({}), []
    for count in (100, 10_000):
        tracemalloc.start()
        for number in range(count):
            with made.turn(str(number)):
                pass
        gc.collect()
        size.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()

    assert size[1] < 2 * size[0] + 10_000


def test_equal_work_is_done_by_one_at_a_time() -> None:
    made, inside, most = reuse.Made({}), [], []

    def work(_: int) -> None:
        with made.turn("same"):
            inside.append(1)
            most.append(len(inside))
            threading.Event().wait(0.001)
            inside.pop()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(64)))

    assert most == [1] * 64


def test_a_copy_is_told_of_as_what_it_was_copied_from(work: Work) -> None:
    work("--seed", "5")
    [first] = [one for one in work.take.events() if one["event"] == "frame"]
    work("--seed", "5")

    [copy] = [one for one in work.take.events() if one["event"] == "frame"]

    assert copy["copied_from"]
    assert copy["levels"] == first["levels"]
    assert {name for name in copy["levels"] if name.endswith(" out")}
