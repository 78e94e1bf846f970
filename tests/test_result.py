"""What a take's files hold: in place, beside or alone; in which type, codec and window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest
from command import Said
from samples import AtOnce, Channels, noise, plate, refused, save, save_parts, window

from answerprint import exr
from answerprint.header import Attribute, read_header
from answerprint.record import SIGNATURE, STATEMENT

DATA, DISPLAY = (-4, -3, 35, 27), (0, 0, 31, 23)
WIDTH, HEIGHT = 40, 31
FACTS = {
    "dataWindow": window(*DATA),
    "displayWindow": window(*DISPLAY),
    "timeCode": OpenEXR.TimeCode(10, 11, 12, 13, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    "owner": "Ada",
    "framesPerSecond": 24.0,
}


@pytest.fixture(autouse=True)
def _use_the_shared_server(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)


@pytest.fixture
def answerprint(tmp_path: Path) -> AtOnce:
    return AtOnce(tmp_path)


def channels() -> Channels:
    size = {"width": WIDTH, "height": HEIGHT}
    guides = noise(2, ("albedo.R", "albedo.G", "albedo.B"), **size)
    return {
        **noise(1, "RGBA", **size),
        **{name: one / 4 for name, one in guides.items()},
        "Z": noise(3, "Z", **size)["Z"].astype(np.float32) * 1e6 / 3,
        "id.object": np.arange(WIDTH * HEIGHT, dtype=np.uint32).reshape(HEIGHT, WIDTH) * 3_000_000,
    }


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return save(tmp_path / "bg.1001.exr", channels(), **FACTS)


def run(answerprint: AtOnce, task: str, path: Path, *words: str, name: str = "t") -> Said:
    said = answerprint("run", "--task", task, "--plate", path, "--name", name, *words, "--json")
    assert said.code == 0, said
    return said


def written(answerprint: AtOnce, name: str = "t") -> Path:
    return answerprint.folder / "takes" / name / "v001" / f"{name}_v001.1001.exr"


def denoised(answerprint: AtOnce, path: Path, *words: str, name: str = "t") -> Channels:
    run(answerprint, "denoise", path, *words, name=name)
    return exr.read(written(answerprint, name)).parts[0].channels


def same(one: Channels, other: Channels, names: Any) -> bool:
    return all(
        one[name].dtype == other[name].dtype and one[name].tobytes() == other[name].tobytes()
        for name in names
    )


def attributes(path: Path, *aside: str) -> dict[str, Attribute]:
    out = {STATEMENT, SIGNATURE, *aside}
    return {name: one for name, one in read_header(path).parts[0].items() if name not in out}


def test_in_place_only_what_the_task_makes_is_another(answerprint: AtOnce, source: Path) -> None:
    made = denoised(answerprint, source, "--result", "replace")

    assert made.keys() == channels().keys()
    assert same(made, channels(), channels().keys() - set("RGB"))
    assert not any(same(made, channels(), name) for name in "RGB")
    assert attributes(written(answerprint)) == attributes(source)


def test_in_place_is_what_happens_unless_asked(answerprint: AtOnce, source: Path) -> None:
    asked = denoised(answerprint, source, "--result", "replace")
    usual = denoised(answerprint, source, "--fresh", name="usual")

    assert usual.keys() == asked.keys()
    assert same(usual, asked, asked)


def test_beside_the_plate_the_result_is_a_new_layer_and_nothing_else_is_another(
    answerprint: AtOnce, source: Path
) -> None:
    in_place = denoised(answerprint, source)

    made = denoised(answerprint, source, "--result", "beside", name="beside")

    assert made.keys() == channels().keys() | {"denoise.R", "denoise.G", "denoise.B"}
    assert same(made, channels(), channels())
    assert same({name: made[f"denoise.{name}"] for name in "RGB"}, in_place, "RGB")
    after = attributes(written(answerprint, "beside"), "channels")
    assert after == attributes(source, "channels")


def test_beside_a_layer_the_new_one_has_its_name_in_it(answerprint: AtOnce, source: Path) -> None:
    words = ("--layer", "color=albedo", "--layer", "albedo=none", "--result", "beside")

    made = denoised(answerprint, source, *words)

    new = {"albedo_denoise.R", "albedo_denoise.G", "albedo_denoise.B"}
    assert made.keys() == channels().keys() | new


def test_alone_the_result_has_the_plates_windows_and_attributes(
    answerprint: AtOnce, source: Path
) -> None:
    in_place = denoised(answerprint, source)

    made = denoised(answerprint, source, "--result", "only", name="only")

    assert made.keys() == {*"RGB"}
    assert same(made, in_place, "RGB")
    after = attributes(written(answerprint, "only"), "channels")
    assert after == attributes(source, "channels")


def test_alone_it_is_said_what_is_left_out(answerprint: AtOnce, source: Path) -> None:
    said = run(answerprint, "denoise", source, "--result", "only")

    (note,) = (one for one in said.documents[0]["notes"] if one.startswith("result:"))
    assert note == "result: alone; albedo, id, A, Z of the plate are not in the take"


@pytest.mark.parametrize(
    ("task", "words", "taken"),
    [("denoise", ("--result", "beside"), "denoise.G"), ("matte", (), "matte.A")],
)
def test_a_new_layer_that_the_plate_has_already_is_refused(
    task: str, words: tuple[str, ...], taken: str, answerprint: AtOnce, tmp_path: Path
) -> None:
    path = save(tmp_path / "bg.1001.exr", noise(1, [*"RGB", taken]))

    said = refused(answerprint, "JobError", "--task", task, "--plate", path, *words)

    assert f"The plate has a channel {taken} already" in said


def test_a_new_layer_that_is_there_already_does_not_matter_where_the_result_is_alone(
    answerprint: AtOnce, tmp_path: Path
) -> None:
    path = save(tmp_path / "bg.1001.exr", noise(1, [*"RGB", "matte.A"]))

    run(answerprint, "matte", path, "--result", "only")

    made = exr.read(written(answerprint)).parts[0].channels
    assert made.keys() == {"matte.A"}
    assert not same(made, noise(1, [*"RGB", "matte.A"]), ["matte.A"])


def test_a_matte_comes_beside_all_the_rest(answerprint: AtOnce, source: Path) -> None:
    run(answerprint, "matte", source)

    made = exr.read(written(answerprint)).parts[0].channels
    assert made.keys() == channels().keys() | {"matte.A"}
    assert same(made, channels(), channels())
    assert made["matte.A"].dtype == np.float32
    assert made["matte.A"].shape == (HEIGHT, WIDTH)


@pytest.mark.parametrize(
    ("plate_is", "asked", "kind"),
    [
        (np.float16, "inherit", np.float16),
        (np.float32, "inherit", np.float32),
        (np.float16, "float", np.float32),
        (np.float32, "half", np.float16),
    ],
)
def test_the_result_has_the_type_of_the_plate_or_the_one_asked_for(
    plate_is: Any, asked: str, kind: Any, answerprint: AtOnce, tmp_path: Path
) -> None:
    image = {name: one.astype(plate_is) for name, one in noise(1, "RGBA").items()}
    source = save(tmp_path / "bg.1001.exr", {**image, "Z": noise(2, "Z")["Z"].astype(np.float32)})

    said = run(answerprint, "denoise", source, "--type", asked)

    made = exr.read(written(answerprint)).parts[0].channels
    assert {made[name].dtype for name in "RGB"} == {np.dtype(kind)}
    assert (made["A"].dtype, made["Z"].dtype) == (np.dtype(plate_is), np.dtype(np.float32))
    loses = "type: color is half, as asked; the plate is 32-bit float"
    assert (loses in said.documents[0]["notes"]) == (asked == "half")


def test_float_asked_for_is_what_the_model_gave_before_it_was_rounded(
    answerprint: AtOnce, source: Path
) -> None:
    halves = denoised(answerprint, source)
    floats = denoised(answerprint, source, "--type", "float", name="float")

    for name in "RGB":
        assert np.array_equal(floats[name].astype(np.float16), halves[name])
        assert not np.array_equal(floats[name], halves[name].astype(np.float32))


@pytest.mark.parametrize("asked", ["inherit", "half", "float"])
def test_32_bit_data_never_become_half(asked: str, answerprint: AtOnce, tmp_path: Path) -> None:
    half = plate(tmp_path / "half", 2)
    exact = {"R": np.full((24, 32), 1 / 3, np.float32), **noise(1, "GB")}
    mixed = save(tmp_path / "bg.1001.exr", {**exact})

    words = ("--speed", "0.5", "--set", "flow=on", "--set", "method=dis", "--type", asked)
    moved = run(answerprint, "retime", half, *words, name="flow")
    run(answerprint, "passthrough", mixed, "--type", asked, name="data")

    kind = np.float32 if asked == "float" else np.float16
    for frame in (1001, 1002, 1003):
        path = written(answerprint, "flow").with_name(f"flow_v001.{frame}.exr")
        flow = exr.read(path).parts[0].channels
        vectors = ("forward.u", "forward.v", "backward.u", "backward.v")
        assert {flow[name].dtype for name in vectors} == {np.dtype(np.float32)}
        assert {flow[name].dtype for name in "RGB"} == {np.dtype(kind)}
    data = exr.read(written(answerprint, "data")).parts[0].channels
    assert same(data, exact, "R")
    assert data["G"].dtype == kind
    stays = "type: flow is data in 32 bits and stays float"
    assert (stays in moved.documents[0]["notes"]) == (asked == "half")


@pytest.mark.parametrize(
    ("asked", "codec"),
    [
        ("inherit", ("PIZ", "RLE")),
        ("none", ("NO", "NO")),
        ("rle", ("RLE", "RLE")),
        ("zips", ("ZIPS", "ZIPS")),
        ("zip", ("ZIP", "ZIP")),
        ("piz", ("PIZ", "PIZ")),
    ],
)
def test_the_files_are_stored_as_asked_and_hold_the_same(
    asked: str, codec: tuple[str, str], answerprint: AtOnce, tmp_path: Path
) -> None:
    facts = {"displayWindow": window(0, 0, 31, 23), "dataWindow": window(0, 0, 31, 23)}
    path = save_parts(
        tmp_path / "bg.1001.exr",
        ({**facts, "name": "a", "compression": OpenEXR.PIZ_COMPRESSION}, noise(1, "RGB")),
        ({**facts, "name": "b", "compression": OpenEXR.RLE_COMPRESSION}, noise(2, "Z")),
    )

    run(answerprint, "passthrough", path, "--compression", asked)

    made = exr.read(written(answerprint))
    assert tuple(part.compression for part in made.parts) == codec
    assert exr.digest(made) == exr.digest(exr.read(path))


def test_a_codec_asked_for_goes_over_that_of_a_lossy_plate(
    answerprint: AtOnce, tmp_path: Path
) -> None:
    path = save(tmp_path / "bg.1001.exr", noise(1), compression=OpenEXR.DWAA_COMPRESSION)

    said = run(answerprint, "passthrough", path, "--compression", "piz")

    assert exr.read(written(answerprint)).parts[0].compression == "PIZ"
    assert not any("the take is ZIP" in note for note in said.documents[0]["notes"])


def test_twice_as_large_windows_and_alpha_are_exactly_doubled(
    answerprint: AtOnce, source: Path
) -> None:
    said = run(answerprint, "upscale", source)

    part = exr.read(written(answerprint)).parts[0]
    assert part.data_window.as_list() == [-8, -6, 71, 55]
    assert part.display_window.as_list() == [0, 0, 63, 47]
    assert part.channels.keys() == {*"RGBA"}
    assert {one.shape for one in part.channels.values()} == {(2 * HEIGHT, 2 * WIDTH)}
    assert {one.dtype for one in part.channels.values()} == {np.dtype(np.float16)}
    (note,) = (one for one in said.documents[0]["notes"] if one.startswith("result:"))
    assert note == "result: alone; albedo, id, Z of the plate are not in the take"


def test_larger_frames_show_the_same_picture_at_the_same_place(
    answerprint: AtOnce, source: Path
) -> None:
    """The mean of each two by two pixels is the plate's pixel, but for what the network adds."""
    flat = {name: np.full((HEIGHT, WIDTH), 0.25, np.float16) for name in "RGBA"}
    for one in flat.values():
        one[6:12, 8:20] = 2.0
    save(source, flat, **FACTS)

    run(answerprint, "upscale", source)

    for name, one in exr.read(written(answerprint)).parts[0].channels.items():
        large = one.astype(np.float32)
        assert np.abs(large[14:22, 18:38] - 2).max() < 0.05, name
        assert np.abs(large[:10] - 0.25).max() < 0.05, name
        assert np.abs(large[:, 44:] - 0.25).max() < 0.05, name


def test_larger_frames_keep_what_is_said_of_the_plate(answerprint: AtOnce, source: Path) -> None:
    run(answerprint, "upscale", source)

    aside = ("channels", "dataWindow", "displayWindow")
    assert attributes(written(answerprint), *aside) == attributes(source, *aside)
    assert attributes(source)["owner"].value == b"Ada"
    assert "timeCode" in attributes(source)


@pytest.mark.parametrize("keep", ["replace", "beside"])
def test_larger_frames_cannot_stand_in_the_plates_file(
    keep: str, answerprint: AtOnce, source: Path
) -> None:
    words = ("--task", "upscale", "--plate", source, "--result", keep)

    said = refused(answerprint, "JobError", *words)

    assert "upscale makes frames of another size or time" in said
