"""The shelf: a file is read once for all who need it, and forgotten when the last has let it go."""

from __future__ import annotations

import gc
import threading
import tracemalloc
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from samples import noise, save

from answerprint import exr
from answerprint.errors import SourceError
from answerprint.shelf import Held, Shelf


def frame(folder: Path, number: int = 1, *, width: int = 8, height: int = 8) -> Path:
    return save(folder / f"bg.{number}.exr", noise(number, width=width, height=height))


def broken(path: Path) -> Path:
    """Cut off in the middle of its pixels."""
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    return path


def held(shelf: Shelf, *paths: Path) -> list[Held]:
    """What a piece of work gets that holds these and lets them go."""
    with shelf.hold(paths) as found:
        return list(found.values())


def refused(shelf: Shelf, *paths: Path) -> str:
    """The problem, without keeping the error and all that it has seen."""
    try:
        held(shelf, *paths)
    except SourceError as error:
        return error.problem
    pytest.fail("a broken file was held")


def test_a_frame_is_held_as_its_file_has_it_with_its_digest(tmp_path: Path) -> None:
    path = frame(tmp_path)

    [one] = held(Shelf([path]), path)

    assert one.pixels == exr.digest(exr.read(path))
    assert np.array_equal(one.frame.parts[0].channels["R"], noise(1, width=8, height=8)["R"])


def test_a_file_is_read_once_for_all_that_need_it(tmp_path: Path) -> None:
    path = frame(tmp_path)
    shelf = Shelf([path] * 3)

    first = held(shelf, path)
    save(path, noise(99, width=8, height=8))
    second = held(shelf, path)
    path.unlink()
    third = held(shelf, path)

    assert first[0] is second[0] is third[0]


def test_many_at_once_get_one_and_the_same_frame(tmp_path: Path) -> None:
    """Another reading would be another object, and soon find no file."""
    paths = [frame(tmp_path, number, width=64, height=64) for number in range(4)]
    shelf = Shelf([*paths] * 16)
    together = threading.Barrier(16)

    def work(_: int) -> list[int]:
        together.wait()
        with shelf.hold(paths) as found:
            together.wait()
            for path in paths:
                path.unlink(missing_ok=True)
            return [id(found[path].frame) for path in paths]

    with ThreadPoolExecutor(16) as pool:
        seen = list(pool.map(work, range(16)))

    assert all(one == seen[0] for one in seen)


def test_a_frame_is_forgotten_after_its_last_use(tmp_path: Path) -> None:
    path = frame(tmp_path)
    shelf = Shelf([path, path])
    [one] = held(shelf, path)
    seen = weakref.ref(one.frame)
    del one

    gc.collect()
    assert seen() is not None
    held(shelf, path)
    gc.collect()
    assert seen() is None


def test_a_frame_is_kept_while_another_piece_of_work_has_it(tmp_path: Path) -> None:
    path = frame(tmp_path)
    shelf = Shelf([path, path])

    with shelf.hold([path]) as outer:
        held(shelf, path)
        path.unlink()
        assert outer[path].frame.parts[0].channels["R"].shape == (8, 8)
        seen = weakref.ref(outer.pop(path).frame)

    gc.collect()
    assert seen() is None


def test_work_that_fails_lets_its_frames_go(tmp_path: Path) -> None:
    path = frame(tmp_path)
    shelf = Shelf([path])
    seen = []

    def fail() -> None:
        with shelf.hold([path]) as found:
            seen.append(weakref.ref(found[path].frame))
            raise ValueError("the model failed")

    with pytest.raises(ValueError, match="the model failed"):
        fail()

    gc.collect()
    assert seen[0]() is None


def test_a_file_named_twice_by_one_piece_of_work_is_one_use(tmp_path: Path) -> None:
    """As at the end of a plate, where the last frame stands for those beyond it."""
    path = frame(tmp_path)
    shelf = Shelf([path, path])

    with shelf.hold([path, path, path]) as found:
        assert list(found) == [path]
    path.unlink()

    assert len(held(shelf, path)) == 1


def test_a_broken_file_tells_every_one_that_needs_it(tmp_path: Path) -> None:
    path = broken(frame(tmp_path, width=64, height=64))
    shelf = Shelf([path] * 12)
    together = threading.Barrier(12)

    def work(_: int) -> str:
        together.wait()
        return refused(shelf, path)

    with ThreadPoolExecutor(12) as pool:
        said = list(pool.map(work, range(12)))

    assert len(said) == 12
    assert {path.name in one for one in said} == {True}


def test_a_broken_file_is_not_read_again_and_the_others_are_held(tmp_path: Path) -> None:
    path, good = broken(frame(tmp_path)), frame(tmp_path, 2)
    shelf = Shelf([path, path, good])

    first = refused(shelf, path)
    frame(tmp_path)  # mended

    assert refused(shelf, path) == first
    assert len(held(shelf, good)) == 1


def test_a_broken_guide_does_not_keep_the_frames_that_needed_it(tmp_path: Path) -> None:
    """One file for all frames, as a still guide is: each of them fails, and must be let go."""
    guide, good = broken(frame(tmp_path, 0)), frame(tmp_path, 1)
    shelf = Shelf([good, good, guide, guide, guide])
    [one] = held(shelf, good)
    seen = weakref.ref(one.frame)
    del one

    assert "bg.0.exr" in refused(shelf, good, guide)

    gc.collect()
    assert seen() is None


def most_held(windows: Sequence[list[Path]], *, threads: int) -> int:
    """Most bytes that are held while all these pieces of work are done."""
    shelf = Shelf(path for window in windows for path in window)

    def work(window: list[Path]) -> int:
        with shelf.hold(window):
            return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        with ThreadPoolExecutor(threads) as pool:
            return max(pool.map(work, windows))
    finally:
        tracemalloc.stop()


def test_two_hundred_uses_of_a_frame_take_no_more_memory_than_ten(tmp_path: Path) -> None:
    path = frame(tmp_path, width=512, height=512)
    size = 512 * 512 * 3 * 2

    few, many = (most_held([[path]] * uses, threads=8) for uses in (10, 200))

    assert size < few < 2 * size
    assert many < few + size // 4


def test_a_long_plate_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    size = 256 * 256 * 3 * 2
    paths = [frame(tmp_path, number, width=256, height=256) for number in range(40)]
    windows = [paths[at : at + 3] for at in range(38)]

    few, many = (most_held(some, threads=1) for some in (windows[:3], windows))

    assert 3 * size < few < 4 * size
    assert many < few + size // 2


def test_of_files_that_wait_for_later_work_only_so_many_are_kept(tmp_path: Path) -> None:
    """There and back, as a time curve may go: the files of the way back are read again."""
    paths = [save(tmp_path / f"{n}.exr", noise(n)) for n in range(20)]
    shelf = Shelf([*paths, *reversed(paths)], most=3)
    frames = []
    for path in paths:
        with shelf.hold([path]) as found:
            frames.append(weakref.ref(found[path].frame))

    gc.collect()

    assert [one() is not None for one in frames] == [False] * 17 + [True] * 3
    assert all(held(shelf, path) for path in reversed(paths))


def test_after_a_broken_file_the_others_are_let_go(tmp_path: Path) -> None:
    good = save(tmp_path / "good.exr", noise(1))
    broken = tmp_path / "broken.exr"
    broken.write_bytes(b"no frame")
    shelf = Shelf([broken, good, good])

    for _ in range(1):
        with pytest.raises(SourceError), shelf.hold([broken, good]):
            pass

    with shelf.hold([good]) as found:
        frame = weakref.ref(found[good].frame)
    del found
    gc.collect()
    assert frame() is None
