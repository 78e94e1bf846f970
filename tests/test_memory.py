"""Memory: what a work item needs grows with what it is made of, and somebody always works."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import OpenEXR
import psutil
import pytest
from hypothesis import given, strategies as st
from samples import noise, save, save_parts, window

from answerprint import contract, exr, memory
from answerprint.contract import Contract
from answerprint.errors import JobError
from answerprint.job import ResolvedInput
from answerprint.memory import Limits

PASSTHROUGH = Path(__file__).parents[1] / "server/models/passthrough/contract.json"

METHOD = {"name": "method", "type": "choice", "default": "one", "choices": ["one", "four"]}
MOTION = {"name": "motion", "type": "bool", "default": False}

bytes_ = st.integers(-(10**9), 10**13)


def task(**fields: Any) -> Contract:
    described = json.loads(PASSTHROUGH.read_text(encoding="utf-8")) | fields
    return contract.parse(json.dumps(described), where="passthrough")


def output(**fields: Any) -> list[dict[str, Any]]:
    return [{"name": "pixels", "replaces": "pixels", **fields}]


def saved(folder: Path, names: str = "RGB", width: int = 64, height: int = 48) -> exr.Frame:
    path = save(
        folder / f"{width}x{height}.{names}.exr", noise(1, names, width=width, height=height)
    )
    return exr.read_structure(path)


def needed(
    one: Contract,
    head: exr.Frame,
    *,
    names: str = "RGB",
    views: tuple[str, ...] = (),
    **settings: Any,
) -> int:
    inputs = {"pixels": ResolvedInput(path="bg.####.exr", layer="rgba", channels=tuple(names))}
    return memory.needed(one, one.settings(settings), inputs, head, views)


def test_a_work_item_needs_its_file_its_images_and_its_result(tmp_path: Path) -> None:
    pixels = 64 * 48

    found = needed(task(), saved(tmp_path))

    file, image, result = pixels * 3 * 2, pixels * 3 * 4, pixels * 3 * 4
    assert found == file + memory.COPIES * (image + result)


@pytest.mark.parametrize(("width", "height"), [(128, 48), (64, 96)])
def test_twice_the_pixels_need_twice_the_memory(tmp_path: Path, width: int, height: int) -> None:
    small, large = saved(tmp_path), saved(tmp_path, width=width, height=height)

    assert needed(task(), large) == 2 * needed(task(), small)


def test_layers_that_no_model_sees_are_in_memory_as_well(tmp_path: Path) -> None:
    small, large = saved(tmp_path), saved(tmp_path, "RGBAZ")

    assert needed(task(), large) - needed(task(), small) == 64 * 48 * 2 * 2


def test_the_data_window_counts_and_not_the_display(tmp_path: Path) -> None:
    path = tmp_path / "cropped.exr"
    save(
        path,
        noise(1, width=64, height=48),
        dataWindow=window(10, 10, 73, 57),
        displayWindow=window(0, 0, 4095, 2159),
    )

    assert needed(task(), exr.read_structure(path)) == needed(task(), saved(tmp_path))


@pytest.mark.parametrize(
    ("cut", "frames"),
    [({"before": 1, "after": 1}, 3), ({"before": 16, "after": 16}, 33), ({"between": True}, 2)],
)
def test_every_frame_that_the_model_sees_is_in_memory(
    tmp_path: Path, cut: dict[str, Any], frames: int
) -> None:
    head = saved(tmp_path)
    result = 64 * 48 * 3 * 4 * memory.COPIES

    alone, several = needed(task(), head), needed(task(cut=cut), head)

    assert several - result == frames * (alone - result)


@pytest.mark.parametrize("scale", [2, 4, 16])
def test_a_larger_result_needs_the_square_of_its_scale(tmp_path: Path, scale: int) -> None:
    head = saved(tmp_path)
    result = 64 * 48 * 3 * 4 * memory.COPIES

    same, larger = needed(task(), head), needed(task(outputs=output(scale=scale)), head)

    assert larger - same == (scale**2 - 1) * result


def test_a_scale_that_depends_on_a_choice_is_that_of_the_choice(tmp_path: Path) -> None:
    head = saved(tmp_path)
    scale = {"parameter": "method", "values": {"one": 1, "four": 4}}
    one = task(parameters=[METHOD], outputs=output(scale=scale))

    assert needed(one, head, method="one") == needed(task(), head)
    assert needed(one, head, method="four") == needed(task(outputs=output(scale=4)), head)


def test_an_output_that_is_not_asked_for_needs_nothing(tmp_path: Path) -> None:
    head = saved(tmp_path)
    motion = {"name": "motion", "channels": ["forward.u", "forward.v"], "when": "motion"}
    one = task(parameters=[MOTION], outputs=[*output(), motion])

    assert needed(one, head, motion=False) == needed(task(), head)
    assert needed(one, head, motion=True) > needed(task(), head)


def test_two_views_are_worked_on_together(tmp_path: Path) -> None:
    parts = [
        ({"name": view, "view": view, "compression": OpenEXR.ZIP_COMPRESSION}, noise(1))
        for view in ("left", "right")
    ]
    head = exr.read_structure(save_parts(tmp_path / "stereo.exr", *parts))

    one, both = (needed(task(), head, views=views) for views in (("left",), ("left", "right")))

    file = 2 * 32 * 24 * 3 * 2
    assert both - file == 2 * (one - file)


@given(bytes_, bytes_, st.integers(1, 64))
def test_somebody_always_works_and_never_more_than_asked(
    held: int, item: int, workers: int
) -> None:
    asked = Limits(readers=2, in_flight=3, writers=4, workers=workers)

    limits = asked.within(held, item)

    assert 1 <= limits.workers <= workers
    assert (limits.readers, limits.in_flight, limits.writers) == (2, 3, 4)


@given(st.integers(1, 10**12), st.integers(1, 10**12), st.integers(1, 64))
def test_those_who_work_fit_into_memory_together(held: int, item: int, workers: int) -> None:
    limits = Limits(workers=workers).within(held, item)

    assert limits.workers * item <= held or limits.workers == 1
    assert limits.workers == workers or (limits.workers + 1) * item > held


def test_this_machine_has_a_place_for_every_stage() -> None:
    limits = Limits.of_this_machine()

    assert min(limits.readers, limits.in_flight, limits.writers) >= 1
    assert limits.workers == limits.readers + limits.in_flight + limits.writers


def test_a_run_may_hold_what_was_asked_or_half_of_the_machine() -> None:
    assert memory.bound(1.5) == 1_500_000_000
    assert memory.bound(None) == psutil.virtual_memory().total // 2


@pytest.mark.parametrize(
    ("item", "held", "words"),
    [
        (12_300_000_000, 8_000_000_000, "about 12.3 GB of memory; 8 GB are allowed"),
        (2_000_000_000_000, 64_000_000_000, "about 2,000 GB of memory; 64 GB are allowed"),
        (8_020_000_000, 8_000_000_000, "about 8.02 GB of memory; 8 GB are allowed"),
        (30_000_000, 12_000_000, "about 0.03 GB of memory; 0.012 GB are allowed"),
    ],
)
def test_a_frame_that_does_not_fit_is_refused_with_both_numbers(
    item: int, held: int, words: str
) -> None:
    with pytest.raises(JobError) as caught:
        memory.check(item, held)

    assert caught.value.problem == f"One frame needs {words}."
    assert "--memory GB" in caught.value.remedy


@given(st.integers(0, 10**13), st.integers(0, 10**13))
def test_a_frame_is_refused_only_if_it_is_larger_than_the_memory(item: int, held: int) -> None:
    if item <= held:
        memory.check(item, held)
    else:
        with pytest.raises(JobError):
            memory.check(item, held)
