"""A model is asked for real answers: what is dead, hangs or gives NaN is found, and cured where it can be."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import requests
import watchmen
from samples import AtOnce, own_models, server_here, stand_in

from answerprint.errors import ModelDied
from answerprint.triton import OVER_GRPC, Server
from answerprint_server import embedded, watched
from answerprint_server.watched import Model
from answerprint_server.watching import SHARE, Watch

NAN = "made = image * np.float32('nan')"
# asked while `hang` is there, it takes that away and never answers; while `long` is there, it is slow
MOODY = """
import time
if (HERE / 'hang').exists():
    (HERE / 'hang').unlink()
    while not (HERE / 'over').exists():
        time.sleep(0.05)
while (HERE / 'long').exists():
    (HERE / 'begun').touch()
    time.sleep(0.05)
made = image
"""
SLOW = "import time\ntime.sleep(0.3)\nmade = image"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.Running]:
    """Two instances of passthrough, and models with something wrong in them."""
    folder = tmp_path_factory.mktemp("probed")
    models = own_models(folder / "models", ["passthrough"])
    for task, program in {
        "nan": NAN,
        "moody": MOODY,
        "slow": SLOW,
        "frail": "made = image",
    }.items():
        stand_in(models, task, program)
    config = models / "passthrough" / "config.pbtxt"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("KIND_CPU count: 1", "KIND_CPU count: 2"), encoding="utf-8")
    with server_here(folder / "home", models) as state:
        yield state


Watching = Callable[..., Watch]


@pytest.fixture
def watching(served: embedded.Running) -> Iterator[Watching]:
    """Makes a watch of that server, in no hurry to ask again and in none to give up."""
    made: list[Watch] = []

    def watch(*, metrics: bool = True, every: float = 1e-6, deadline: float = 30.0) -> Watch:
        where = f"127.0.0.1:{served.metrics}" if metrics else None
        made.append(
            Watch(
                lambda: Server(served.address, OVER_GRPC),
                lambda _: where,
                threading.Event(),
                every=every,
                deadline=deadline,
            )
        )
        return made[-1]

    yield watch
    for one in made:
        one.close()


def of(watch: Watch, name: str) -> Model:
    return next(one for one in watch.models if one.name == name)


def kill(served: embedded.Running, task: str) -> None:
    """The first living process of a model, as the kernel does when memory runs out."""
    for one in psutil.Process(served.triton).children(recursive=True):
        if one.status() != psutil.STATUS_ZOMBIE and any(
            f"/{task}/1/" in word for word in one.cmdline()
        ):
            os.kill(one.pid, signal.SIGKILL)
            return
    pytest.fail(f"{task} has no process")


def answers(served: embedded.Running, task: str, times: int = 4) -> None:
    pixels = np.ones((16, 16, 4), np.float32)
    with Server(served.address) as server:
        offer = server.offer(task)
        for _ in range(times):
            image = server.infer(offer, {"pixels": pixels}, {}, request_id="an artist").images[
                "pixels"
            ]
            assert np.array_equal(image, pixels)


def test_every_model_that_comes_with_answerprint_answers_the_smallest_request(
    address: str, tmp_path: Path
) -> None:
    said = AtOnce(tmp_path)("server", "watch", "--once", "--server", address, "--json")

    assert said.code == 0, said.out
    assert {one["model"] for one in said.documents} >= {
        "denoise", "embed", "heightfield_upres", "matte", "passthrough", "point_normals", "retime",
        "upscale", "volume_upres",
    }  # fmt: skip
    assert {one["verdict"] for one in said.documents} == {"answers"}


def test_one_dead_instance_of_two_is_found_in_one_round_and_loaded_again(
    served: embedded.Running, watching: Watching
) -> None:
    watch = watching()
    watch.round()
    assert of(watch, "passthrough").found.verdict == "answers"
    kill(served, "passthrough")
    fails(served, "passthrough")

    news = watch.round()

    assert [one.name for one in news if one.cured] == ["passthrough"]
    assert of(watch, "passthrough").is_well
    assert of(watch, "passthrough").verdicts["died"] == 1
    answers(served, "passthrough")


def fails(served: embedded.Running, task: str) -> None:
    """An artist meets it first: so the watch asks, however well the model was a moment ago."""
    pixels = {"pixels": np.ones((16, 16, 4), np.float32)}
    with Server(served.address) as server:
        offer = server.offer(task)
        before = server.pulse(offer).failed

        def has_failed() -> bool:
            with contextlib.suppress(ModelDied):
                server.infer(offer, pixels, {}, request_id="an artist")
            return server.pulse(offer).failed > before

        watchmen.eventually(has_failed, "its process is dead")


def test_a_model_that_does_not_come_back_needs_a_person_until_it_is_mended(
    served: embedded.Running, watching: Watching
) -> None:
    program = Path(served.models) / "frail" / "1" / "model.py"
    right = program.read_text(encoding="utf-8")
    program.write_text('raise RuntimeError("the weights are gone")\n', encoding="utf-8")
    kill(served, "frail")
    watch = watching()

    watch.round()

    frail = of(watch, "frail")
    assert (frail.is_lost, frail.is_well, frail.uncured) == (True, False, 1)
    assert "the weights are gone" in frail.found.problem
    assert not watched.is_well(watch.models)

    program.write_text(right, encoding="utf-8")

    def is_mended() -> bool:
        watch.round()
        return of(watch, "frail").is_well

    watchmen.eventually(is_mended, "it is mended")
    answers(served, "frail")


def test_a_model_that_hangs_on_our_own_question_is_loaded_again(
    served: embedded.Running, watching: Watching
) -> None:
    folder = Path(served.models) / "moody" / "1"
    (folder / "hang").touch()
    watch = watching(deadline=2.5)  # in which it has to answer when it is loaded again

    watch.round()

    moody = of(watch, "moody")
    assert (moody.verdicts["hangs"], moody.cured, moody.is_well) == (1, 1, True)
    (folder / "over").touch()
    answers(served, "moody")
    (folder / "over").unlink()


def test_where_nobody_says_who_waits_a_silent_model_is_told_and_let_be(
    served: embedded.Running, watching: Watching
) -> None:
    folder = Path(served.models) / "moody" / "1"
    (folder / "hang").touch()
    watch = watching(deadline=1.0, metrics=False)

    watch.round()

    moody = of(watch, "moody")
    assert (moody.found.verdict, moody.is_well, moody.cured) == ("silent", False, 0)
    (folder / "over").touch()
    answers(served, "moody")
    (folder / "over").unlink()


def test_an_artists_long_frame_is_no_hang(served: embedded.Running, watching: Watching) -> None:
    folder = Path(served.models) / "moody" / "1"
    (folder / "long").touch()
    artist = threading.Thread(target=answers, args=(served, "moody", 1))
    artist.start()
    watchmen.eventually((folder / "begun").exists, "the artist's frame has begun")
    watch = watching(deadline=1.0)

    watch.round()

    moody = of(watch, "moody")
    (folder / "long").unlink()
    artist.join(watchmen.SECONDS)
    assert (moody.found.verdict, moody.is_well, moody.verdicts["hangs"]) == ("busy", True, 0)
    assert not artist.is_alive()


def test_nan_is_no_answer_and_no_reason_to_load_it_again(watching: Watching) -> None:
    watch = watching()

    watch.round()

    nan = of(watch, "nan")
    assert (nan.found.verdict, nan.is_well, nan.cured, nan.uncured) == ("wrong", False, 0, 0)
    assert "NaN or inf in 'pixels'" in nan.found.problem


def test_a_model_that_was_unloaded_on_purpose_is_not_missed(
    served: embedded.Running, watching: Watching
) -> None:
    watch = watching()
    watch.round()
    order(served, "slow", "unload")

    news = watch.round()

    order(served, "slow", "load")
    assert "slow" not in {one.name for one in (*watch.models, *news)}
    watch.round()
    assert of(watch, "slow").is_well


def order(served: embedded.Running, task: str, what: str) -> None:
    """Have the server 'load' or 'unload' a model, and wait until it has."""
    url = f"http://127.0.0.1:{served.http}/v2/repository/models/{task}/{what}"
    assert requests.post(url, timeout=30).ok
    with Server(served.address) as server:
        watchmen.eventually(
            lambda: (server.states().get((task, "1")) == "READY") == (what == "load"), what
        )


def test_artists_frames_speak_for_a_model(served: embedded.Running, watching: Watching) -> None:
    watch = watching()
    watch.round()
    due = time.monotonic() + of(watch, "passthrough").seconds / SHARE
    while time.monotonic() < due:  # from then on it would be asked
        time.sleep(0.05)
    with Server(served.address) as server:
        offer = server.offer("passthrough")
        before = server.pulse(offer).answered
        answers(served, "passthrough", 3)
        watch.round()

        # counted a moment after they are there
        watchmen.eventually(lambda: server.pulse(offer).answered >= before + 3, "three frames")
        assert server.pulse(offer).answered == before + 3
    assert of(watch, "passthrough").verdicts == {"answers": 1, "not asked": 1}


def test_probes_take_no_more_than_a_small_share_of_a_slow_models_time(
    served: embedded.Running, watching: Watching
) -> None:
    watch = watching()
    watch.round()
    cost = of(watch, "slow").cost
    for _ in range(3):
        watch.round()

    assert cost >= 0.3
    assert of(watch, "slow").cost == cost
    assert of(watch, "slow").is_well


def test_once_says_what_is_wrong_and_the_answer_is_no(
    served: embedded.Running, tmp_path: Path
) -> None:
    said = AtOnce(tmp_path)("server", "watch", "--once", "--server", served.address)

    assert said.code == 1
    assert "FAIL  nan" in said.out
    assert "NaN or inf" in said.out
    assert "ok    passthrough" in said.out
    assert "2 instances" in said.out
    assert "What to do: " in said.out


def test_a_server_that_is_away_is_said_as_such(tmp_path: Path) -> None:
    (port,) = embedded.free_ports(1)

    said = AtOnce(tmp_path)("server", "watch", "--once", "--server", f"127.0.0.1:{port}")

    assert said.code == 4
    assert "No server answers" in said.err


@pytest.mark.parametrize(
    "listen", ["9108", "nowhere", "127.0.0.1:http", "127.0.0.1:70000", ":9108"]
)
def test_a_place_that_is_none_is_refused(listen: str, tmp_path: Path) -> None:
    said = AtOnce(tmp_path)("server", "watch", "--listen", listen)

    assert said.code == 2
    assert f"--listen {listen} is no HOST:PORT" in said.err


def test_a_name_that_can_be_none_is_told(tmp_path: Path) -> None:
    said = AtOnce(tmp_path)("server", "watch", "--listen", f"{'ä' * 70}:9108")

    assert said.code == 7
    assert "Metrics cannot be served on" in said.err
