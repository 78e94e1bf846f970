"""A real Prometheus for tests, and outcomes of artists' runs for it to hear of."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
import requests
import yaml
from windows import may_skip

from answerprint import outcome
from answerprint_server import embedded

T = TypeVar("T")

COMMAND = "sudo apt-get install prometheus"
SECONDS = 60  # for what happens in moments, on a machine that does other things as well


def lacking() -> str:
    """Why no Prometheus can be asked here, and the command; empty where one can."""
    missing = [name for name in ("prometheus", "promtool") if shutil.which(name) is None]
    return f"{missing[0]} is not installed: {COMMAND}" if missing else ""


def needed() -> None:
    """Skip what needs it, and say what helps; where nothing may be skipped, that is a failure."""
    if lacking():
        (pytest.skip if may_skip() else pytest.fail)(lacking())


def eventually(ask: Callable[[], T], what: str) -> T:
    """What it gives as soon as that is something."""
    deadline = time.monotonic() + SECONDS
    while not (found := ask()):
        assert time.monotonic() < deadline, what
        time.sleep(0.1)
    return found


class Prometheus:
    """One that runs: what it makes of a question, and of its rules."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, question: str) -> list[dict[str, Any]]:
        """The answer's series as they are now; a question that it refuses is a failure."""
        found = requests.get(f"{self.url}/api/v1/query", params={"query": question}, timeout=30)
        said = found.json()
        assert said["status"] == "success", (question, said)
        return list(said["data"]["result"])

    def rules(self) -> list[dict[str, Any]]:
        """All of them, with their health."""
        found = requests.get(f"{self.url}/api/v1/rules", timeout=30).json()
        return [rule for group in found["data"]["groups"] for rule in group["rules"]]

    def until(self, question: str) -> list[dict[str, Any]]:
        """The answer as soon as there is one."""
        return eventually(lambda: self.ask(question), question)


@contextlib.contextmanager
def prometheus(folder: Path, configured: Path, targets: dict[str, int]) -> Iterator[Prometheus]:
    """Run it with the project's own configuration; only ports and the pace are others.

    targets   job -> the port where it is
    """
    config = yaml.safe_load(configured.read_text(encoding="utf-8"))
    config["global"] = {
        "scrape_interval": "1s",
        "evaluation_interval": "1s",
        "scrape_timeout": "1s",
    }
    config["rule_files"] = [str(configured.parent / name) for name in config["rule_files"]]
    assert {one["job_name"] for one in config["scrape_configs"]} == set(targets)
    for one in config["scrape_configs"]:
        one["static_configs"][0]["targets"] = [f"127.0.0.1:{targets[one['job_name']]}"]
    (folder / "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")
    (port,) = embedded.free_ports(1)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
        try:
            yield _ready(Prometheus(f"http://127.0.0.1:{port}"), process, folder / "log")
        finally:
            process.kill()
            process.wait()


def _ready(running: Prometheus, process: subprocess.Popen[bytes], log: Path) -> Prometheus:
    deadline = time.monotonic() + SECONDS
    while True:
        with contextlib.suppress(requests.ConnectionError):
            if requests.get(f"{running.url}/-/ready", timeout=5).ok:
                return running
        assert process.poll() is None, log.read_text(encoding="utf-8")
        assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
        time.sleep(0.05)


def leave(rollout: Path, task: str, version: str, **fields: Any) -> Path:
    """The outcome of a run, as it would leave one."""
    now = "2026-11-29T10:00:00Z"
    facts = {
        "schema": "answerprint.outcome/v1", "job_id": uuid.uuid4().hex, "task": task,
        "version": version, "sha256": "0" * 64, "show": "night", "user": "mira",
        "machine": "ws014", "host": "nuke 15.1v2", "server": "render1", "started": now,
        "ended": now, "state": "complete", "frames": 24, "made": 24, "megapixels": 49.8,
        "seconds": {"read": 1.2, "infer": 9.6, "write": 2.4},
    }  # fmt: skip
    return outcome.write(rollout, outcome.make({**facts, **fields}))
