"""What tests share: a real embedded server, real plates, and a home of their own."""

from __future__ import annotations

import gc
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import psutil
import pytest
import windows
from chance import Chance, served
from command import Answerprint
from samples import add_model, drowsy, own_models, own_server, server_here, versioned_models

from answerprint.triton import Server
from answerprint_panel import faults
from answerprint_server import embedded, repository

PROJECT = Path(__file__).parents[1]
PLATES = PROJECT / "install" / "plates" / "denoise"

# windows of the panel's tests are drawn, and shown to nobody; who wants to see them says so
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# hundreds of processes of ours are started: none compiles again what one before it has compiled
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Debian keeps nginx where not everybody's PATH leads
os.environ["PATH"] = os.pathsep.join([os.environ["PATH"], "/usr/sbin"])

PREFIX = re.compile(r"answerprint_(\d+)_[0-9a-f]{6}_")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="kill clients and servers for a while")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The soak takes minutes: only for who asks for it."""
    asked = config.getoption("--soak")
    return True if collection_path.name == "test_soak.py" and not asked else None


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Where no window can be drawn, files that need one are skipped, and say what helps."""
    report = yield
    if (
        windows.lacking()
        and report.failed
        and "PySide" in str(report.longrepr)
        and windows.may_skip()
    ):
        report.outcome = "skipped"
        report.longrepr = (str(collector.path), 0, f"Skipped: {windows.lacking()}")
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not windows.lacking() or not windows.may_skip():
        return
    for item in items:
        if windows.FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.skip(reason=windows.lacking()))


def pytest_collection_finish() -> None:
    """What is there by now stays to the end: to go through it is a quarter of a second each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A user's folder for the whole session, so that no test touches the real user's keys."""
    folder = tmp_path_factory.mktemp("home")
    kept = {name: os.environ.pop(name) for name in list(os.environ) if "ANSWERPRINT" in name}
    os.environ["ANSWERPRINT_HOME"] = str(folder)
    yield folder
    del os.environ["ANSWERPRINT_HOME"]
    os.environ.update(kept)


@pytest.fixture(autouse=True)
def faults_told() -> Iterator[list[dict[str, object]]]:
    """The panel's own faults. A test that means one takes it out; any other fails with it."""
    told: list[dict[str, object]] = []
    faults.forget()
    faults.listen(told.append)
    yield told
    faults.unlisten(told.append)
    assert not told


@pytest.fixture(scope="session")
def address(home: Path) -> Iterator[str]:
    """host:port of a real Triton server with the project's own model repository."""
    with server_here(home, repository.models_folder()) as state:
        yield state.address


@pytest.fixture(scope="session")
def chance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chance]:
    """A task that has chance in it, on a server of its own."""
    with served(tmp_path_factory) as made:
        yield made


@pytest.fixture(scope="session")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """host:port of a server whose task 'slow' naps a tenth of a second over each frame."""
    folder = tmp_path_factory.mktemp("slow")
    models = own_models(folder / "models", ["passthrough"])
    add_model(models, "slow", drowsy)
    with own_server(folder / "home", models) as state:
        yield state.address


@pytest.fixture(scope="session")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """host:port of a server with two versions of each task; see `samples.versioned_models`."""
    folder = tmp_path_factory.mktemp("versions")
    with server_here(folder / "home", versioned_models(folder / "models")) as state:
        yield state.address


@pytest.fixture(autouse=True)
def windows_end_where_they_began(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test leaves of windows goes on the thread that made them: else another's may take it."""
    yield
    if {"qapp", "qtbot"} & set(request.fixturenames):
        gc.collect()


@pytest.fixture
def server(address: str) -> Iterator[Server]:
    with Server(address) as connected:
        yield connected


@pytest.fixture
def plates() -> Path:
    """The eight noisy frames with albedo and normal, and their clean references. Read only."""
    return PLATES


@pytest.fixture
def plate(tmp_path: Path) -> Path:
    """Two noisy frames that a test may break: tmp/plate/noisy.1001.exr and 1002."""
    folder = tmp_path / "plate"
    folder.mkdir()
    for frame in (1001, 1002):
        shutil.copy(PLATES / f"noisy.{frame}.exr", folder)
    return folder


@pytest.fixture
def answerprint(tmp_path: Path) -> Answerprint:
    """The command line, as a process of its own in the test's folder."""
    return Answerprint(tmp_path)


@pytest.fixture(scope="session", autouse=True)
def _signals_are_heard() -> None:
    """Whoever runs the tests under nohup or in the background means none of what they start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    """No shared memory and no server may outlive the process that was to clear it away."""
    before = orphans()
    yield
    deadline = time.monotonic() + 60  # another session's test may be about to clear up just now
    while (left := orphans() - before) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert not left


def orphans() -> set[str]:
    """Regions and processes whose supervisor, named in their prefix, is gone. Others' are theirs."""
    words = {path.name for path in embedded.SHARED_MEMORY.glob("answerprint_*")}
    for process in psutil.process_iter(["cmdline"]):
        words |= {word for word in process.info["cmdline"] or [] if "answerprint_" in word}
    found = {match[0]: match[1] for word in words for match in PREFIX.finditer(word)}
    return {prefix for prefix, pid in found.items() if not psutil.pid_exists(int(pid))}
