"""How the server is: watched while it comes, hangs, goes, and while another one is meant."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from command import Answerprint
from panels import Panel, panel
from samples import AtOnce, own_models, own_server, plate as noisy

from answerprint import documents
from answerprint.health import Check, Eye
from answerprint_server import embedded

Said = dict[str, Any]
WATCH = 7
FIELDS = {
    "state", "name", "address", "embedded", "milliseconds", "since", "seen", "busy", "problem",
    "remedy", "fix", "models",
}  # fmt: skip


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user who has no server."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("ANSWERPRINT_HOME", str(folder))
    return folder


@contextmanager
def watching(folder: Path, *words: str) -> Iterator[Callable[..., Said]]:
    """What is called with fields hears until the server is so; each word of it is checked."""
    with panel(folder) as one:
        one.ask(WATCH, "status", "--watch", *words)

        def until(*, least: int = 0, **so: Any) -> Said:
            def is_so(said: Said) -> bool:
                now = said["server"]
                return bool(now.items() >= so.items() and (now["busy"] or 0) >= least)

            found = one.until(WATCH, is_so)
            assert all(said["server"].keys() == FIELDS for said in found)
            return dict(found[-1]["server"])

        yield until
        end(one)


def end(one: Panel) -> None:
    one.cancel(WATCH)
    while one.hear() != {"id": WATCH, "exit": 130}:
        pass


@pytest.fixture
def answerprint(tmp_path: Path) -> AtOnce:
    return AtOnce(tmp_path)


def test_a_server_that_answers_is_connected_and_how_far_away_is_measured(
    address: str, slow: str, own: Path, answerprint: Answerprint
) -> None:
    before = documents.now()

    said = answerprint("status", "--server", address, "--json")

    assert (said.code, len(said.documents)) == (0, 1)
    server = said.last["server"]
    assert server["milliseconds"] > 0
    assert before <= min(server["since"], server["seen"])
    assert server["models"] == Check(address).look().models != Check(slow).look().models
    assert {n: server[n] for n in FIELDS - {"milliseconds", "since", "seen", "models"}} == {
        "state": "connected", "name": "this machine", "address": address, "embedded": False,
        "busy": None, "problem": "", "remedy": "", "fix": None,
    }  # fmt: skip
    assert not list(own.iterdir())


def test_without_a_server_it_says_so_with_the_button_that_starts_one(
    own: Path, answerprint: Answerprint
) -> None:
    said, asked = answerprint("status", "--json"), answerprint("tasks", "--json")

    server = said.last["server"]
    assert (said.code, server["state"], server["address"]) == (1, "none", None)
    assert server["fix"] == {"label": "Start a server here", "argv": ["serve"]}
    assert server.items() >= {k: v for k, v in asked.last.items() if k != "error"}.items()
    assert "none" in answerprint("status").out
    assert not (own / "jobs").exists()


@pytest.mark.parametrize("address", ["127.0.0.1:1", "no.such.host.invalid:8001", "nonsense", ":"])
def test_where_nothing_answers_it_is_away(address: str) -> None:
    health = Check(address).look()

    assert (health.state, health.milliseconds, health.busy) == ("away", None, None)
    assert address in health.problem
    assert health.remedy


def test_a_server_that_hangs_is_away_and_keeps_nobody_from_ending(
    tmp_path: Path, own: Path
) -> None:
    assert own.is_dir()
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        address = "{}:{}".format(*deaf.getsockname())
        with watching(tmp_path, "--server", address) as until:
            said = until(state="away", address=address)

    assert said["problem"] == f"The server at {address} has not answered for 3 s."
    assert said["seen"] is None


def test_the_watch_follows_a_server_that_is_started_hangs_and_is_stopped(
    tmp_path: Path, own: Path
) -> None:
    models = own_models(tmp_path / "models", ["passthrough"])
    with watching(tmp_path) as until:
        none = until(state="none")

        with own_server(own, models) as state:
            up = until(state="connected", embedded=True, name="this machine")
            assert up["address"] == state.address
            assert up["since"] > none["since"]
            assert up["fix"] is None

            os.kill(state.triton, signal.SIGSTOP)
            assert until(state="away", embedded=True)["seen"] >= up["seen"]
            os.kill(state.triton, signal.SIGCONT)
            until(state="connected")

        assert until(state="none", embedded=False)["address"] is None
    assert embedded.running(own) is None


def test_the_watch_follows_the_site_file(tmp_path: Path, own: Path, address: str) -> None:
    site = own / "site.toml"
    site.write_text("server = \n", encoding="utf-8")
    with watching(tmp_path) as until:
        assert "site.toml cannot be read" in until(state="none")["problem"]
        site.unlink()
        none = until(fix={"label": "Start a server here", "argv": ["serve"]})

        site.write_text(f'server = "{address}"\n', encoding="utf-8")
        until(state="connected", address=address)

        site.write_text('server = "127.0.0.1:1"\n', encoding="utf-8")
        assert until(state="away")["problem"] == "No server answers at 127.0.0.1:1."

        site.write_text("server = \n", encoding="utf-8")
        assert "site.toml cannot be read" in until(state="none")["problem"]

        site.unlink()
        until(state="none", problem=none["problem"])


def test_a_start_that_never_said_who_it_is_is_none_after_seconds(own: Path) -> None:
    lock = embedded.state_file(own).with_name("starting.lock")
    lock.parent.mkdir()
    lock.touch()
    assert embedded.is_starting(own)

    os.utime(lock, (1.6e9, 1.6e9))

    assert not embedded.is_starting(own)


def test_a_host_that_can_be_none_ends_no_eye() -> None:
    eye = Eye("a\0b:1")
    eye.start()
    while (health := eye.health()) is None:
        assert eye.is_alive()
    eye.close()

    assert health.state == "away"
    assert health.problem


def test_a_server_whose_tasks_are_all_broken_is_not_ready(tmp_path: Path, own: Path) -> None:
    models = own_models(tmp_path / "models", ["passthrough"])
    (models / "passthrough" / "1" / "model.py").write_text("import nothing_of_that_name\n")

    with own_server(own, models) as state:
        health = Check(state.address).look()

    assert health.state == "not ready"
    assert health.problem == f"No task of the server at {state.address} is ready."
    assert health.milliseconds


def test_a_server_at_work_is_busy(
    tmp_path: Path, own: Path, slow: str, answerprint: Answerprint
) -> None:
    words = ("run", "--task", "slow", "--plate", str(noisy(tmp_path / "plate", 150)))
    with watching(tmp_path, "--server", slow) as until:
        until(state="connected")
        run = answerprint.start(*words, "--server", slow, "--json")
        try:
            until(state="connected", least=1)
        finally:
            run.terminate()
            run.communicate()
