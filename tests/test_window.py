"""The window: a run keeps its model busy while it is alone, and makes room where others wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from midway import met
from samples import claimed, noise, own_models, own_server, plate, save, stand_in

from answerprint.errors import ServerAway
from answerprint.interrupt import Interrupt
from answerprint.triton import Server
from answerprint.window import Window

MARK = 9.0
FARMS = 3
# naps, and writes down whose frame it was asked for
DIARY = f"""
import time
with (HERE / "diary").open("a") as stream:
    stream.write("single\\n" if image.max() > {MARK} else "farm\\n")
time.sleep(0.1)
made = image
"""


def never() -> bool:
    return False


class Guest:
    """A thread that wants a place, and keeps it until told to leave."""

    def __init__(self, window: Window, *, alone: bool = False) -> None:
        self.inside, self._leave = threading.Event(), threading.Event()
        self._wanted = (window, alone)
        self._thread = threading.Thread(target=self._visit)
        self._thread.start()

    def _visit(self) -> None:
        window, alone = self._wanted
        with window.place(alone=alone, given_up=never):
            self.inside.set()
            self._leave.wait()

    def leave(self) -> None:
        self._leave.set()
        self._thread.join()


def waits(guest: Guest) -> bool:
    return not guest.inside.wait(0.3)


def test_no_more_are_inside_than_its_size() -> None:
    window = Window(2)
    first, second, third = (Guest(window) for _ in range(3))
    guests = [first, second, third]
    inside = [one for one in guests if not waits(one)]

    assert len(inside) == 2
    (outside,) = (one for one in guests if one not in inside)
    inside[0].leave()
    assert outside.inside.wait(10)
    for one in (inside[1], outside):
        one.leave()


def test_who_is_suspected_goes_in_when_nobody_is_there_and_keeps_all_others_out() -> None:
    window = Window(3)
    first = Guest(window)
    first.inside.wait()
    suspect = Guest(window, alone=True)

    assert waits(suspect)
    first.leave()
    assert suspect.inside.wait(10)
    other = Guest(window)
    assert waits(other)
    suspect.leave()
    assert other.inside.wait(10)
    other.leave()


def test_after_an_error_of_the_server_nobody_is_let_in_until_it_was_met() -> None:
    window = Window(2)
    with pytest.raises(ServerAway), window.place(given_up=never):
        raise ServerAway("No server answers.", remedy="Start one.")

    guest = Guest(window)
    assert waits(guest)
    window.reopen()
    assert guest.inside.wait(10)
    guest.leave()


def test_any_other_error_leaves_it_open() -> None:
    window = Window(1)
    with pytest.raises(ZeroDivisionError), window.place(given_up=never):
        raise ZeroDivisionError

    with window.place(given_up=never) as got:
        assert got


def test_who_gives_up_gets_no_place() -> None:
    window = Window(1)
    holder = Guest(window)
    holder.inside.wait()

    with window.place(given_up=lambda: True) as got:
        assert not got
    holder.leave()


@pytest.mark.parametrize(("most", "instances"), [(2, 1), (8, 4), (8, 1), (1, 1)])
def test_its_own_queue_does_not_make_it_smaller(most: int, instances: int) -> None:
    """Alone, a full window waits for itself: for each instance as many as are in line before it."""
    window = Window(most, instances=instances)

    for _ in range(20):
        window.learn(queued=0.1 * (most / instances - 1), worked=0.1)

    assert window.size == most


def test_it_goes_down_to_one_while_others_wait_and_grows_again_when_they_are_gone() -> None:
    window = Window(8, instances=4)
    sizes = []
    for queued in [5.0] * 4 + [0.0] * 40:
        window.learn(queued=queued, worked=0.1)
        sizes.append(window.size)

    assert sizes[:4] == [4, 2, 1, 1]
    assert sizes == sizes[:4] + sorted(sizes[4:])
    assert sizes[-1] == 8


def test_an_artists_single_frame_never_makes_room() -> None:
    window = Window(2, yields=False)

    window.learn(queued=100.0, worked=0.1)

    assert window.size == 2


@pytest.fixture(scope="module")
def diary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A server whose only instance of 'diary' naps; and what it has written."""
    folder = tmp_path_factory.mktemp("diary")
    models = own_models(folder / "models", ["passthrough"])
    model = stand_in(models, "diary", DIARY)
    with own_server(folder / "home", models) as state:
        yield state.address, model / "diary"


def lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").split() if file.exists() else []


def test_an_artists_frame_waits_for_one_frame_of_each_farm_process_and_no_more(
    diary: tuple[str, Path], home: Path, tmp_path: Path
) -> None:
    address, written = diary
    path = plate(tmp_path / "farm", 400)
    channels = noise(1)
    channels["R"][0, 0] = MARK + 1
    single = save(tmp_path / "single" / "bg.1001.exr", channels).with_name("bg.####.exr")
    over = Interrupt()

    def farm(number: int) -> None:
        with Server(address) as server:
            take = claimed(server, tmp_path / f"farm{number}", path, task="diary")
            met(server, take, home, interrupted=over)

    with ThreadPoolExecutor(FARMS) as pool, Server(address) as server:
        farms = [pool.submit(farm, number) for number in range(FARMS)]
        until_there_are(written, 45)  # by then each has seen that it is not alone
        take = claimed(server, tmp_path, single, task="diary")
        before: list[int] = []
        met(server, take, home, lambda _: before.append(len(lines(written))))
        over.set()
        for one in farms:
            with pytest.raises(KeyboardInterrupt):
                one.result()

    behind = lines(written).index("single") - before[0]
    # those in line, and one that is done while the artist's own frame is read
    assert behind <= FARMS + 1


def until_there_are(file: Path, count: int) -> None:
    while len(lines(file)) < count:
        time.sleep(0.05)
