"""The model's own output is unchanged by the journey, and everything else stays as it was."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pyoidn as oidn
import pytest
from numpy.typing import NDArray

from answerprint import begin, compare, exr, job, preflight, run, signing
from answerprint.site import Site
from answerprint.takes import Take
from answerprint.triton import Server

FRAMES = range(1001, 1009)
PLATES = Path(__file__).parents[1] / "install" / "plates" / "denoise"


def filtered(images: dict[str, NDArray[Any]], *, quality: int, **flags: bool) -> NDArray[Any]:
    """One pass of OIDN in this very process, as its own documentation shows it."""
    device = oidn.Device()
    device.commit()
    output = np.zeros_like(next(iter(images.values())))
    one = oidn.Filter(device)
    for name, pixels in {**images, "output": output}.items():
        one.set_image(name, pixels, oidn.OIDN_FORMAT_FLOAT3)
    for name, value in flags.items():
        one.set_bool(name, value)
    one.set_quality(quality)
    one.commit()
    one.execute()
    assert device.get_error() is None
    one.release()
    return output


def in_process(images: dict[str, NDArray[Any]]) -> NDArray[Any]:
    """The recipe: guides prefiltered at fast quality, then the beauty at high quality."""
    guides = {
        name: filtered({name: images[name]}, quality=oidn.OIDN_QUALITY_FAST)
        for name in ("albedo", "normal")
    }
    return filtered(
        {"color": images["color"], **guides},
        quality=oidn.OIDN_QUALITY_HIGH,
        hdr=True,
        cleanAux=True,
    )


@functools.cache
def expected(frame: int) -> NDArray[Any]:
    """What the recipe makes of a sample frame: made once, for it takes a second of all cores."""
    return in_process(images_of(PLATES / f"noisy.{frame}.exr"))


def images_of(path: Path) -> dict[str, NDArray[Any]]:
    channels = exr.read(path).parts[0].channels
    names = {
        "color": ("R", "G", "B"),
        "albedo": ("albedo.R", "albedo.G", "albedo.B"),
        "normal": ("normal.X", "normal.Y", "normal.Z"),
    }
    return {
        role: np.stack([channels[name] for name in wanted], axis=-1).astype(np.float32)
        for role, wanted in names.items()
    }


@pytest.fixture(scope="module")
def take(address: str, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Take:
    """All eight sample frames, denoised once."""
    request = job.make(
        {
            "task": "denoise",
            "plate": str(PLATES / "noisy.####.exr"),
            "out": {"root": str(tmp_path_factory.mktemp("fidelity"))},
        }
    )
    signer = signing.own_signer(home)
    with Server(address) as server:
        resolved = preflight.resolve(request, server, Site())
        made = begin.claim(resolved)
        trusted = signing.trusted_keys([home / "trust"])
        for _ in run.run(resolved, made, server=server, signer=signer, trusted=trusted):
            pass
    assert made.state() == "complete"
    return made


def test_the_server_gives_what_oidn_gives_in_process_bit_for_bit(
    server: Server, plates: Path
) -> None:
    offer = server.offer("denoise")
    images = images_of(plates / "noisy.1005.exr")

    answer = server.infer(offer, images, offer.usable().settings({}), request_id="fidelity")

    assert answer.images["color"].dtype == np.float32
    assert answer.images["color"].tobytes() == expected(1005).tobytes()


def test_the_take_holds_the_same_picture_after_the_half_write(take: Take) -> None:
    written = exr.read(take.file(1005)).parts[0].channels

    halves = expected(1005).astype(np.float16)
    for index, name in enumerate("RGB"):
        assert written[name].tobytes() == np.ascontiguousarray(halves[..., index]).tobytes()


def test_every_sample_frame_gains_at_least_11_db(take: Take, plates: Path) -> None:
    for frame in FRAMES:
        truth = compare.rgb(exr.read(plates / f"clean.{frame}.exr"), "clean")
        noisy = compare.rgb(exr.read(plates / f"noisy.{frame}.exr"), "noisy")
        clean = compare.rgb(exr.read(take.file(frame)), "take")

        gain = compare.psnr(clean, truth) - compare.psnr(noisy, truth)

        assert gain >= 11, f"frame {frame} gained {gain:.2f} dB"


def test_psnr_is_the_one_of_the_tone_mapped_picture() -> None:
    """An error of 0.1 after x -> (x / (1 + x))^(1/2.2) is 20 dB, by the definition of PSNR."""
    toned = np.full((4, 4, 3), 0.5)
    linear = [(value**2.2) / (1 - value**2.2) for value in (toned, toned + 0.1)]

    assert compare.psnr(linear[1], linear[0]) == pytest.approx(20, abs=1e-9)


def test_highlights_stay_above_one_where_the_model_leaves_them(take: Take) -> None:
    for frame in (FRAMES[0], 1005):
        left = expected(frame)
        written = compare.rgb(exr.read(take.file(frame)), "take")

        assert left.max() > 1.5
        assert np.count_nonzero(written > 1) == np.count_nonzero(left.astype(np.float16) > 1)


def test_layers_that_the_task_does_not_make_are_untouched(take: Take, plates: Path) -> None:
    before = exr.read(plates / "noisy.1002.exr").parts[0].channels
    after = exr.read(take.file(1002)).parts[0].channels

    assert before.keys() == after.keys()
    for name in before:
        if name not in "RGB":
            assert after[name].tobytes() == before[name].tobytes()
            assert after[name].dtype == before[name].dtype


def test_a_second_run_of_the_same_request_is_the_same_in_every_sample(
    take: Take, server: Server, plates: Path
) -> None:
    offer = server.offer("denoise")
    images = images_of(plates / "noisy.1008.exr")

    answer = server.infer(offer, images, offer.usable().settings({}), request_id="again")

    written = compare.rgb(exr.read(take.file(1008)), "take")
    assert np.array_equal(answer.images["color"].astype(np.float16).astype(np.float32), written)
