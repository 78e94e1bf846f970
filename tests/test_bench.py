"""The benchmark: every row is measured, nothing of it is left, and it says what it cannot do."""

from __future__ import annotations

import fcntl
import json
import math
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, TimeoutError as StillRunning
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from command import Answerprint
from PIL import Image
from samples import CODES, AtOnce, plate, server_here

from answerprint.bench import goals, pipeline, plot, table
from answerprint.bench.lab import CORES, Done, Used
from answerprint.bench.row import Row
from answerprint.bench.transport import TRANSPORTS
from answerprint.cli import bench
from answerprint.errors import ServerError
from answerprint.triton import Server
from answerprint_server import repository

STANDIN = repository.models_folder().with_name("bench") / "standin"
WAYS = [transport.replace(" ", "-") for transport in TRANSPORTS]
ROWS = {
    "limit.copy", "limit.sha256", "limit.model",
    *(f"limit.{one}.{verb}.{codec}" for one in ("disk", "codec")
      for verb in ("read", "write") for codec in ("zip", "none")),
    *(f"engine.{way}.{codec}" for way in WAYS for codec in ("zip", "none")),
    *(f"peer.{way}.{codec}" for way in ("grpc", "http") for codec in ("zip", "none")),
    "peer.grpc.zip.threads",
    *(f"trip.{way.lower()}" for way in [*WAYS, "grpc-client", "http-client"]),
    "denoise.engine", "denoise.loop",
    *(f"stage.{one}" for one in ("digest", "report", "record", "widen")),
    *(f"stage.{one}.{codec}" for one in ("read", "write", "header") for codec in ("zip", "none")),
    "overhead.zip", "overhead.none",
    "start.cold", "start.warm", "start.version", "memory.20", "memory.500",
}  # fmt: skip


def left_behind(folder: Path) -> list[str]:
    """Files below a folder, and processes that have to do with it."""
    words = [" ".join(one.info["cmdline"] or []) for one in psutil.process_iter(["cmdline"])]
    return [str(path) for path in folder.rglob("*")] + [one for one in words if str(folder) in one]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the benchmark may write, and all temporary files go."""
    return tmp_path_factory.mktemp("measured")


@pytest.fixture(scope="module")
def documents(place: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What a quick benchmark of few frames prints; its plot lies where nothing else does."""
    folder = tmp_path_factory.mktemp("plot")
    said = Answerprint(folder)(
        "bench", "--quick", "--frames", "4", "--size", "480x270", "--json", "--folder", place,
        "--plot", folder / "bench.png", env={"TMPDIR": str(place)},
    )  # fmt: skip
    assert said.code == 0, said
    with Image.open(folder / "bench.png") as picture:
        assert (picture.format, picture.width) == ("PNG", 1800)
    return said.documents


@pytest.fixture(scope="module")
def rows(documents: list[dict[str, Any]]) -> dict[str, Row]:
    found = {}
    for one in documents:
        if "row" in one:
            facts = {k: v for k, v in one.items() if k not in ("row", "said", "value", "unit")}
            found[one["row"]] = Row(one["row"], one["said"], one["value"], one["unit"], facts)
    return found


def test_every_row_is_measured(rows: dict[str, Row]) -> None:
    assert rows.keys() == ROWS
    assert all(math.isfinite(row.value) and row.value >= 0 for row in rows.values())


def test_it_says_what_its_numbers_belong_to(documents: list[dict[str, Any]]) -> None:
    facts = documents[0]["bench"]

    assert (facts["frames"], facts["delay"], facts["quick"]) == (4, 50.0, True)
    assert facts["size"] == "480x270 RGB half"
    assert facts["cores"] == os.cpu_count()
    assert facts["triton"].startswith("2.")


def test_every_goal_is_answered(documents: list[dict[str, Any]]) -> None:
    answered = [one["met"] for one in documents if "goal" in one]

    assert len(answered) == 10
    assert None not in answered


@pytest.mark.parametrize(
    ("model", "cpu", "disk", "said"),
    [(50, 40, 30, "the model"), (40, 50, 30, "CPU, "), (30, 40, 50, "the disk")],
)
def test_a_row_of_the_engine_names_its_bound_and_what_limits_it(
    model: float, cpu: float, disk: float, said: str
) -> None:
    """The greatest of what the model, all cores and the disk need by themselves."""
    limits = {
        key: Row(key, key, value)
        for key, value in {
            "limit.model": model,
            "limit.disk.write.zip": disk,
            "limit.codec.read.zip": 5,
            "limit.codec.write.zip": 15,
        }.items()
    }
    spent = 10 * cpu * CORES  # of ten frames, by client and server
    done = Done(Used(wall=600, client=spent * 0.8, server=spent * 0.2), [])

    found = pipeline.row("gRPC", "zip", done, 10, limits)

    assert found.value == 60
    assert found.number("bound") == pytest.approx(50)
    assert found.number("times_bound") == pytest.approx(1.2)
    assert found.number("floor") == max(model, disk, 20)
    assert str(found.facts["limited_by"]).startswith(said)
    assert f"limited by {said}" in table.line(found)


def test_the_plain_loop_makes_the_same_pixels_as_the_engine(rows: dict[str, Row]) -> None:
    assert rows["denoise.engine"].facts["same_pixels"] == "yes"


def test_people_read_every_number(rows: dict[str, Row]) -> None:
    for row in rows.values():
        assert row.said in table.line(row)
        assert f"{row.value:.1f}" in table.line(row)
        assert row.group in table.TITLES


def test_nothing_of_it_is_left(documents: list[dict[str, Any]], place: Path) -> None:
    assert documents
    assert left_behind(place) == []


# a job of the engine's, with the usual numbers, and a process of its own that is at work
INTERRUPTED = [
    ([], (bench.QUICK_FRAMES, 50.0), "engine", signal.SIGTERM),
    (["--frames", "4", "--delay", "1"], (4, 1.0), "engine.gRPC.none", signal.SIGINT),
]


def test_interrupted_it_leaves_nothing_either(tmp_path: Path) -> None:
    """In the middle of either; both at once, for each waits for its server's end."""
    folders = [tmp_path / one for one in ("job", "process")]
    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(interrupted, folders, INTERRUPTED))

    for folder, (code, last) in zip(folders, said, strict=True):
        assert code == 130
        assert last["problem"] == "Interrupted."
        assert left_behind(folder) == []


def interrupted(
    folder: Path, case: tuple[list[str], tuple[int, float], str, signal.Signals]
) -> tuple[int, dict[str, Any]]:
    """Start a benchmark, interrupt it after a row, and wait; its status, and what it said at last."""
    words, measured, after, number = case
    folder.mkdir()
    process = Answerprint(folder).start("bench", "--quick", *words, "--json", "--folder", folder)
    assert process.stdout
    facts = json.loads(process.stdout.readline())["bench"]
    assert (facts["frames"], facts["delay"]) == measured
    wait_for_row(process, after)
    process.send_signal(number)
    said, _ = process.communicate()
    return process.returncode, json.loads(said.splitlines()[-1])


def wait_for_row(process: subprocess.Popen[str], key: str) -> None:
    assert process.stdout
    for line in process.stdout:
        if json.loads(line).get("row", "").startswith(key):
            return
    pytest.fail("the benchmark ended before it could be interrupted")


def refusal(
    answerprint: Answerprint, error: str, *words: str, env: dict[str, str] | None = None
) -> str:
    """The two sentences of a benchmark that is refused before anything is measured."""
    said = (answerprint if env else AtOnce(answerprint.folder))("bench", *words, "--json", env=env)
    assert ([one["error"] for one in said.documents], said.code) == ([error], CODES[error]), said
    return f"{said.last['problem']} {said.last['remedy']}"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--frames", "3"], "3 is no number of frames from 4 to 1000"),
        (["--frames", "many"], "many is no number of frames"),
        (["--size", "64x63"], "64x63 is no size from 64x64 to 9999x9999"),
        (["--size", "big"], "big is no size from 64x64"),
        (["--delay", "0"], "0 is no time in ms above 0"),
        (["--delay", "nan"], "nan is no time in ms above 0"),
    ],
)
def test_numbers_that_measure_nothing_are_refused(
    words: list[str], said: str, answerprint: Answerprint
) -> None:
    assert said in refusal(answerprint, "JobError", *words)


@pytest.mark.parametrize(
    "words", [["--folder", "nowhere"], ["--folder", ".", "--plot", "nowhere/bench.png"]]
)
def test_a_place_that_is_not_there_is_said_before_anything_is_measured(
    words: list[str], answerprint: Answerprint
) -> None:
    said = refusal(answerprint, "SourceError", *words)

    assert "nowhere is no folder." in said


def test_without_matplotlib_the_plot_says_what_to_install(
    tmp_path: Path, answerprint: Answerprint
) -> None:
    broken = tmp_path / "broken" / "matplotlib.py"
    broken.parent.mkdir()
    broken.write_text("raise ImportError('there is none')", encoding="utf-8")
    env = {"PYTHONPATH": str(broken.parent)}

    said = refusal(answerprint, "SetupError", "--plot", "bench.png", env=env)

    assert "pip install 'answerprint[bench]'" in said


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    """A server with the stand-in alone, and the file that stands for its GPU."""
    folder = tmp_path_factory.mktemp("standin")
    model = folder / "models" / "standin"
    shutil.copytree(STANDIN, model)
    with (
        server_here(folder / "home", folder / "models") as state,
        Server(state.address) as server,
    ):
        yield server, model / "1" / "model.py"


def test_the_stand_in_is_what_its_contract_says() -> None:
    assert repository.up_to_date(STANDIN), "repository.update(Path('server/bench/standin'))"


def test_the_stand_in_returns_its_input_after_the_delay(standin: tuple[Server, Path]) -> None:
    server, _ = standin
    image = np.random.default_rng(1).random((8, 9, 3), np.float32)

    answer = server.infer(
        server.offer("standin"), {"pixels": image}, {"delay": 30.0}, request_id="test"
    )

    assert np.array_equal(answer.images["pixels"], image)
    assert answer.report["model_seconds"] >= 0.03


def test_the_stand_ins_instances_share_one_gpu(standin: tuple[Server, Path]) -> None:
    """While somebody else holds it, none of them answers."""
    server, gpu = standin
    offer = server.offer("standin")
    image = np.zeros((8, 8, 3), np.float32)

    def ask() -> object:
        return server.infer(offer, {"pixels": image}, {"delay": 0.0}, request_id="test")

    assert offer.instances == 2
    with ThreadPoolExecutor(2) as pool:
        with gpu.open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            asked = [pool.submit(ask), pool.submit(ask)]
            for one in asked:
                with pytest.raises(StillRunning):
                    one.result(timeout=0.3)
        assert all(one.result(timeout=60) for one in asked)


def test_a_fast_way_that_changes_pixels_is_no_way(tmp_path: Path) -> None:
    changed = Done(Used(), [{"event": "frame", "frame": 1001, "pixels": "0" * 64}])

    with pytest.raises(ServerError, match="Frame 1001 came back changed"):
        pipeline.check_unchanged(changed, plate(tmp_path, 1))


@pytest.mark.parametrize(
    ("cold", "met"), [(699.0, True), (700.0, True), (701.0, False), (None, None)]
)
def test_a_goal_is_reached_missed_or_not_measured(cold: float | None, met: bool | None) -> None:
    rows = {} if cold is None else {"start.cold": Row("start.cold", "cold", cold)}

    found = {goal.key: goal for goal in goals.of(rows)}

    assert found["cold"].met is met
    assert ("NO" in table.goals([found["cold"]])) is (met is False)


def test_the_plot_can_be_drawn_from_what_is_printed(rows: dict[str, Row], tmp_path: Path) -> None:
    facts = {"delay": 50.0, "cores": 2, "cpu": "a processor", "size": "1920x1080 RGB half"}

    plot.save(tmp_path / "again.png", rows, facts)

    with Image.open(tmp_path / "again.png") as picture:
        assert picture.width == 1800
