"""Stereo: a task is done on every view, each as if it were alone, and nothing else is touched."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest
from command import Answerprint
from samples import AtOnce, Channels, noise, plate, refused, save, save_parts, window

from answerprint import exr, signing
from answerprint.header import Attribute, read_header
from answerprint.record import SIGNATURE, STATEMENT, extract
from answerprint.verify import verify

WIDTH, HEIGHT = 40, 31
WINDOWS = {"dataWindow": window(-4, -3, 35, 27), "displayWindow": window(0, 0, 31, 23)}
MANIFEST = "{" + ", ".join(f'"/set/props/chair_{n:04d}": "{n:08x}"' for n in range(2500)) + "}"
VIEWS = ("left", "right")
GUIDES = ("albedo.R", "albedo.G", "albedo.B", "normal.X", "normal.Y", "normal.Z")


@pytest.fixture(autouse=True)
def _use_the_shared_server(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)


@pytest.fixture
def answerprint(tmp_path: Path) -> AtOnce:
    return AtOnce(tmp_path)


def images(frame: int, view: str) -> dict[str, Channels]:
    """Part -> channels of one view: what a renderer gives, in overscan."""
    seed = frame * 10 + VIEWS.index(view)
    size = {"width": WIDTH, "height": HEIGHT}
    ids = np.random.default_rng(seed).integers(0, 2**32, (HEIGHT, WIDTH), np.uint32)
    return {
        "rgba": noise(seed, "RGBA", **size),
        "albedo": {name: one / 4 for name, one in noise(seed + 1, GUIDES[:3], **size).items()},
        "normal": {name: one / 4 for name, one in noise(seed + 2, GUIDES[3:], **size).items()},
        "depth": {"depth.Z": noise(seed + 3, "Z", **size)["Z"].astype(np.float32) * 1e6 / 3},
        "crypto": {
            **{f"crypto00.{name}": ids.view(np.float32) for name in ("red", "blue")},
            **{f"crypto00.{name}": noise(seed + 4, "G", **size)["G"] for name in ("green",)},
            "id.object": ids,
        },
    }


def facts(**more: Any) -> dict[str, Any]:
    return {"compression": OpenEXR.ZIPS_COMPRESSION, **WINDOWS, **more}


def in_parts(folder: Path, count: int = 1, views: tuple[str, ...] = VIEWS) -> Path:
    """A part for each layer of each view, as Nuke writes them."""
    for frame in range(1001, 1001 + count):
        parts = []
        for view in views:
            for name, channels in images(frame, view).items():
                own = {"cryptomatte/7f1c/manifest": MANIFEST} if name == "crypto" else {}
                own |= {"owner": f"{name} of {view}"}
                parts.append((facts(name=f"{name}.{view}", view=view, **own), channels))
        save_parts(folder / f"bg.{frame}.exr", *parts)
    return folder / "bg.####.exr"


def in_one_part(folder: Path) -> Path:
    """One part for both views, the right one's channels with its name in them."""
    channels = {name: one for layer in images(1001, "left").values() for name, one in layer.items()}
    for layer in images(1001, "right").values():
        for name, one in layer.items():
            before, dot, last = name.rpartition(".")
            channels[f"{before}{dot}right.{last}"] = one
    more = {"multiView": list(VIEWS), "cryptomatte/7f1c/manifest": MANIFEST}
    save(folder / "bg.1001.exr", channels, **facts(**more))
    return folder / "bg.####.exr"


def alone(folder: Path, view: str) -> Path:
    """The same view as a mono plate."""
    channels = {name: one for layer in images(1001, view).values() for name, one in layer.items()}
    save(folder / "bg.1001.exr", channels, **facts())
    return folder / "bg.####.exr"


def denoised(answerprint: Answerprint, path: Path, *words: str, name: str = "stereo") -> Path:
    """Denoise a plate; the first frame."""
    said = answerprint(
        "run", "--task", "denoise", "--plate", path, "--name", name, *words, "--json"
    )
    assert said.code == 0, said
    assert not any(event.get("warnings") for event in said.documents)
    return answerprint.folder / "takes" / name / "v001" / f"{name}_v001.1001.exr"


def changed(before: Path, after: Path) -> set[tuple[int, str]]:
    """(part, channel) of all that is not what it was; parts, names and types must be the same."""
    found = set()
    pairs = zip(exr.read(before).parts, exr.read(after).parts, strict=True)
    for number, (old, new) in enumerate(pairs):
        assert new.channels.keys() == old.channels.keys()
        for name, one in old.channels.items():
            assert new.channels[name].dtype == one.dtype
            if new.channels[name].tobytes() != one.tobytes():
                found.add((number, name))
    return found


def attributes(path: Path) -> list[dict[str, Attribute]]:
    aside = (STATEMENT, SIGNATURE)
    return [{k: v for k, v in one.items() if k not in aside} for one in read_header(path).parts]


def assert_signed(file: Path, home: Path) -> None:
    keys = signing.trusted_keys([home / "trust"])
    assert {one.verdict.value for one in verify(file.parent, keys)} == {"OK"}


def rgb(file: Path, part: int = 0, prefix: str = "") -> list[bytes]:
    channels = exr.read(file).parts[part].channels
    return [channels[f"{prefix}{name}"].tobytes() for name in "RGB"]


@pytest.fixture
def mono(answerprint: AtOnce, tmp_path: Path) -> dict[str, list[bytes]]:
    """R, G, B of each view, denoised as a plate of its own."""
    return {
        view: rgb(denoised(answerprint, alone(tmp_path / view, view), name=f"mono_{view}"))
        for view in VIEWS
    }


def test_each_view_is_denoised_as_if_it_were_alone_and_all_else_stays(
    answerprint: AtOnce, tmp_path: Path, mono: dict[str, list[bytes]], home: Path
) -> None:
    path = in_parts(tmp_path)

    file = denoised(answerprint, path)

    assert {"left": rgb(file), "right": rgb(file, 5)} == mono
    assert mono["left"] != mono["right"]
    source = tmp_path / "bg.1001.exr"
    assert changed(source, file) == {(part, name) for part in (0, 5) for name in "RGB"}
    assert attributes(file) == attributes(source)
    assert exr.read(file).parts[9].header["cryptomatte/7f1c/manifest"] == MANIFEST
    assert_signed(file, home)


def test_the_record_names_the_views_and_all_that_was_changed(
    answerprint: AtOnce, tmp_path: Path
) -> None:
    made = extract(exr.read(denoised(answerprint, in_parts(tmp_path))))

    assert made
    assert made.views == VIEWS
    assert made.processed == ("R", "G", "B", "R", "G", "B")


def test_one_part_for_both_views_is_no_different(
    answerprint: AtOnce, tmp_path: Path, mono: dict[str, list[bytes]], home: Path
) -> None:
    path = in_one_part(tmp_path)

    file = denoised(answerprint, path)

    assert {"left": rgb(file), "right": rgb(file, prefix="right.")} == mono
    source = tmp_path / "bg.1001.exr"
    assert changed(source, file) == {
        (0, f"{view}{name}") for view in ("", "right.") for name in "RGB"
    }
    assert attributes(file) == attributes(source)
    assert_signed(file, home)


@pytest.mark.parametrize("spelled", [in_parts, in_one_part])
def test_of_one_view_asked_for_the_other_is_left_alone(
    spelled: Any, answerprint: AtOnce, tmp_path: Path, mono: dict[str, list[bytes]], home: Path
) -> None:
    file = denoised(answerprint, spelled(tmp_path), "--view", "left")

    assert rgb(file) == mono["left"]
    assert changed(tmp_path / "bg.1001.exr", file) == {(0, name) for name in "RGB"}
    assert_signed(file, home)


@pytest.mark.parametrize("spelled", [in_parts, in_one_part])
def test_beside_the_plate_each_view_has_a_new_layer_of_its_own(
    spelled: Any, answerprint: AtOnce, tmp_path: Path, mono: dict[str, list[bytes]]
) -> None:
    spelled(tmp_path)
    before = exr.read(tmp_path / "bg.1001.exr")

    written = exr.read(denoised(answerprint, tmp_path / "bg.####.exr", "--result", "beside"))

    for view in VIEWS:
        held = written.layers(view)
        assert {*held} == {*before.layers(view), "denoise"}
        found = {name[-1]: written.parts[part].channels[name] for part, name in held["denoise"]}
        assert [found[name].tobytes() for name in "RGB"] == mono[view]
    for old, new in zip(before.parts, written.parts, strict=True):
        assert all(
            new.channels[name].tobytes() == one.tobytes() for name, one in old.channels.items()
        )


def test_a_new_layer_that_one_view_has_already_is_refused(
    answerprint: AtOnce, tmp_path: Path
) -> None:
    names = ("R", "G", "B", "right.R", "right.G", "right.B", "denoise.right.G")
    save(tmp_path / "bg.1001.exr", noise(1, names), multiView=list(VIEWS))
    words = ("--task", "denoise", "--plate", tmp_path / "bg.####.exr", "--result", "beside")

    said = refused(answerprint, "JobError", *words)

    assert "has a channel denoise.right.G already" in said


@pytest.mark.parametrize(
    ("keep", "said"), [("replace", "stays as it is"), ("only", "is not in the take")]
)
def test_what_becomes_of_the_other_view_is_said(
    keep: str, said: str, answerprint: AtOnce, tmp_path: Path
) -> None:
    words = ("--task", "passthrough", "--plate", in_parts(tmp_path), "--view", "right", "--dry-run")

    dry = answerprint("run", *words, "--result", keep, "--json")

    assert f"views: right; left {said}" in dry.last["notes"]


@pytest.mark.parametrize("spelled", [in_parts, in_one_part])
def test_each_view_has_a_matte_of_its_own(
    spelled: Any, answerprint: AtOnce, tmp_path: Path
) -> None:
    path = spelled(tmp_path)

    said = answerprint("run", "--task", "matte", "--plate", path, "--name", "m", "--json")

    assert said.code == 0, said
    written = exr.read(tmp_path / "takes" / "m" / "v001" / "m_v001.1001.exr")
    mattes = [written.layers(view)["matte"] for view in VIEWS]
    assert [len(one) for one in mattes] == [1, 1]
    assert mattes[0] != mattes[1]


@pytest.mark.parametrize("spelled", [in_parts, in_one_part])
def test_both_views_become_larger(spelled: Any, answerprint: AtOnce, tmp_path: Path) -> None:
    path = spelled(tmp_path)

    said = answerprint(
        "run", "--task", "upscale", "--set", "method=lanczos-2x", "--plate", path, "--name", "u",
        "--json",
    )  # fmt: skip

    assert said.code == 0, said
    written = exr.read(tmp_path / "takes" / "u" / "v001" / "u_v001.1001.exr")
    for view in VIEWS:
        (layer,) = written.layers(view).values()
        assert {name.rpartition(".")[2] for _, name in layer} == {*"RGBA"}
        for part, name in layer:
            assert written.parts[part].channels[name].shape == (2 * HEIGHT, 2 * WIDTH)
            assert written.parts[part].data_window.as_list() == [-8, -6, 71, 55]


def test_a_view_that_is_missing_in_mid_sequence_is_said_before_a_number_is_taken(
    answerprint: AtOnce, tmp_path: Path
) -> None:
    in_parts(tmp_path, 3)
    in_parts(tmp_path / "mono", 3, views=("left",))
    shutil.copy(tmp_path / "mono" / "bg.1002.exr", tmp_path / "bg.1002.exr")

    said = refused(
        answerprint, "SourceError", "--task", "denoise", "--plate", tmp_path / "bg.####.exr"
    )

    assert "bg.1002.exr (frame 1002) lacks the view right. It has left." in said


def test_of_such_a_plate_the_view_that_is_there_can_be_made(
    answerprint: AtOnce, tmp_path: Path
) -> None:
    in_parts(tmp_path, 2)
    in_parts(tmp_path / "mono", 2, views=("left",))
    shutil.copy(tmp_path / "mono" / "bg.1002.exr", tmp_path / "bg.1002.exr")

    denoised(answerprint, tmp_path / "bg.####.exr", "--view", "left")

    take = tmp_path / "takes" / "stereo" / "v001"
    for frame in (1001, 1002):
        file = take / f"stereo_v001.{frame}.exr"
        assert changed(tmp_path / f"bg.{frame}.exr", file) == {(0, name) for name in "RGB"}


def test_an_unknown_view_is_answered_with_the_known(answerprint: AtOnce, tmp_path: Path) -> None:
    words = ("--task", "denoise", "--plate", in_parts(tmp_path), "--view", "centre")

    said = refused(answerprint, "JobError", *words)

    assert said == "bg.1001.exr has no view 'centre'. Its views are left, right."


def test_a_mono_plate_has_no_view_to_choose(answerprint: AtOnce, tmp_path: Path) -> None:
    words = ("--task", "passthrough", "--plate", plate(tmp_path, 1), "--view", "left")

    said = refused(answerprint, "JobError", *words)

    assert said == "bg.1001.exr has no view 'left'. It is no stereo plate."


@pytest.mark.parametrize("spelled", ["%V/bg.####.exr", "bg_%V.####.exr", "%V/bg_%V.####.exr"])
def test_sequences_for_each_view_are_made_one_by_one(
    spelled: str, answerprint: AtOnce, tmp_path: Path
) -> None:
    for view in VIEWS:
        source = tmp_path / spelled.replace("%V", view).replace("####", "1001")
        save(source, noise(VIEWS.index(view)))
    words = ("--task", "passthrough", "--name", "one", "--plate", tmp_path / spelled)

    said = refused(answerprint, "JobError", *words)
    done = answerprint("run", *words, "--view", "right", "--json")

    assert "Choose one with --view, a job for each. On disk: left, right." in said
    assert done.code == 0, done
    written = exr.read(tmp_path / "takes" / "one" / "v001" / "one_v001.1001.exr")
    assert exr.digest(written) == exr.digest(exr.new(noise(1)))


def test_a_view_by_its_letter_is_found_as_well(answerprint: AtOnce, tmp_path: Path) -> None:
    save(tmp_path / "bg.l.1001.exr", noise(0))
    save(tmp_path / "bg.r.1001.exr", noise(1))
    words = ("--task", "passthrough", "--name", "one", "--plate", tmp_path / "bg.%v.####.exr")

    said = answerprint("run", *words, "--view", "left", "--json")

    assert said.code == 0, said
    written = exr.read(tmp_path / "takes" / "one" / "v001" / "one_v001.1001.exr")
    assert exr.digest(written) == exr.digest(exr.new(noise(0)))


def test_a_stereo_take_is_made_again_the_same(answerprint: AtOnce, tmp_path: Path) -> None:
    file = denoised(answerprint, in_parts(tmp_path), "--view", "right")
    lost = shutil.copy(file, tmp_path / "bg.1001.copy.exr")

    for what in (file.parent, file, lost):
        said = answerprint("rerun", what, "--json")
        assert (said.code, said.last.get("answer")) == (0, "identical"), said
