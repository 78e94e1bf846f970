"""Rules and dashboards: promtool's tests, and a real Prometheus that answers each question in them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import requests
import watchmen
import yaml
from samples import own_models, server_here, stand_in
from test_metrics import certificate
from watchmen import Prometheus

from answerprint.triton import Server
from answerprint_server import dashboards, embedded
from answerprint_server.smallest import smallest

DEPLOY = Path(__file__).parents[1] / "server" / "deploy"
RULES, CONFIGURED = DEPLOY / "prometheus" / "rules.yml", DEPLOY / "prometheus" / "prometheus.yml"
PAGES = sorted((DEPLOY / "grafana").glob("*.toml"))
DRAWN = [path.with_suffix(".json") for path in PAGES]
# what a machine without a graphics card, and a server that never died, have nothing of
NOT_HERE = re.compile("nv_gpu_")


def promtool(*words: str | Path) -> str:
    watchmen.needed()
    done = subprocess.run(
        ["promtool", *map(str, words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_configuration_and_rules_are_what_prometheus_takes() -> None:
    assert "SUCCESS" in promtool("check", "config", CONFIGURED)
    assert "SUCCESS" in promtool("check", "rules", RULES)


def test_alerts_are_raised_when_they_are_to_be_and_only_then() -> None:
    promtool("test", "rules", DEPLOY / "prometheus" / "rules_test.yml")


def test_each_alert_has_its_test_and_says_what_to_do() -> None:
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    tested = (DEPLOY / "prometheus" / "rules_test.yml").read_text(encoding="utf-8")

    for one in alerts:
        assert f"alertname: {one['alert']}\n" in tested
        assert one["labels"]["severity"] in ("page", "warn")
        assert one["annotations"].keys() == {"summary", "action"}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_dashboard_is_what_its_page_says(page: Path) -> None:
    assert page.with_suffix(".json").read_text(encoding="utf-8") == dashboards.text(page)


@pytest.mark.parametrize("drawn", DRAWN, ids=lambda path: path.stem)
def test_a_dashboard_is_one_for_grafana(drawn: Path) -> None:
    page = json.loads(drawn.read_text(encoding="utf-8"))

    assert page["schemaVersion"] >= 38
    assert page["uid"] == f"answerprint-{drawn.stem}"
    assert page["templating"]["list"][0]["type"] == "datasource"
    assert len({panel["id"] for panel in page["panels"]}) == len(page["panels"])
    for panel in page["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= dashboards.WIDTH
        assert panel["datasource"]["uid"] == "${datasource}"
        assert not overlapping(
            place, [one["gridPos"] for one in page["panels"] if one is not panel]
        )
        known = {one["name"] for one in page["templating"]["list"]} | {"__rate_interval"}
        for target in panel["targets"]:
            assert set(re.findall(r"\$(\w+)", target["expr"])) <= known


def overlapping(place: dict[str, int], others: list[dict[str, int]]) -> bool:
    return any(
        place["x"] < one["x"] + one["w"]
        and one["x"] < place["x"] + place["w"]
        and place["y"] < one["y"] + one["h"]
        and one["y"] < place["y"] + place["h"]
        for one in others
    )


def test_provisioning_names_the_data_source_and_the_folder() -> None:
    folder = DEPLOY / "grafana" / "provisioning"
    sources = yaml.safe_load((folder / "datasources" / "answerprint.yaml").read_text())
    providers = yaml.safe_load((folder / "dashboards" / "answerprint.yaml").read_text())

    assert [one["type"] for one in sources["datasources"]] == ["prometheus"]
    assert providers["providers"][0]["options"]["path"]


@dataclass(frozen=True)
class Studio:
    """A server with a watch, artists who asked it for frames, and a Prometheus that heard of it."""

    prometheus: Prometheus
    page: str


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    watchmen.needed()
    folder = tmp_path_factory.mktemp("watched")
    rollout, certs = folder / "rollout", folder / "certs"
    rollout.mkdir()
    certs.mkdir()
    (rollout / "rollout.toml").write_text(
        '[tasks.denoise]\nstable = "3"\ncandidate = "4"\ncanary = 10\nmirror = 5\n',
        encoding="utf-8",
    )
    end = datetime.now(timezone.utc) + timedelta(days=9)
    (certs / "server.pem").write_bytes(certificate(end))
    models = own_models(folder / "models", ["passthrough"])
    stand_in(models, "unwell", 'raise RuntimeError("not today")\nmade = image')
    data = folder / "prometheus"
    data.mkdir()
    with (
        server_here(folder / "home", models) as state,
        watched(folder, rollout, certs) as page,
        watchmen.prometheus(
            data,
            CONFIGURED,
            {"triton": state.metrics, "answerprint": int(page.split(":")[2].partition("/")[0])},
        ) as running,
    ):
        running.until("answerprint_server_up == 1")
        running.until("answerprint_rollout_info")
        work(state, rollout, running)
        yield Studio(running, page)


def work(state: embedded.Running, rollout: Path, running: Prometheus) -> None:
    """Some frames through the server, and runs that end; until all of that has been told twice."""
    running.until("nv_inference_request_success")
    with Server(state.address) as server:
        offer = server.offer("passthrough")
        asking = smallest(offer.usable())
        for _ in range(5):
            server.infer(offer, asking.images, asking.settings, request_id="an artist")
    for version, failures in (("3", {}), ("4", {"InferenceError": 6})):
        words: dict[str, Any] = {"failures": failures, "warned": 2, "failed_qc": 4}
        watchmen.leave(rollout, "denoise", version, **words)
        watchmen.leave(rollout, "denoise", version, state="incomplete", frames=1, made=1)
    running.until('increase(answerprint_frames_total{version="4", state="failed"}[1h]) > 0')
    running.until("task_version:candidate_failed:excess1h > 0")
    running.until("server_model:queue_seconds:mean5m")


@contextmanager
def watched(folder: Path, rollout: Path, certs: Path) -> Iterator[str]:
    """`answerprint server watch` as somebody would start it; gives the page with its metrics."""
    site = folder / "site.toml"
    site.write_text(f'rollout = "{rollout.as_posix()}"\n', encoding="utf-8")
    words = ["--listen", "127.0.0.1:0", "--every", "0.5", "--certs", str(certs), "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "answerprint.cli", "server", "watch", *words],
        env={
            **environment(),
            "ANSWERPRINT_HOME": str(folder / "home"),
            "ANSWERPRINT_SITE": str(site),
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        told = json.loads(process.stdout.readline())
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield told["metrics"]
    finally:
        process.kill()
        process.wait()


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if "ANSWERPRINT" not in name}


def questions() -> Iterator[tuple[str, str]]:
    """Panel -> what it asks, with all that can be chosen chosen."""
    for path in DRAWN:
        for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]:
            for target in panel["targets"]:
                asked = target["expr"].replace("$__rate_interval", "1m")
                yield (
                    f"{path.stem}: {panel['title']} {target['refId']}",
                    re.sub(r"\$\w+", ".*", asked),
                )


QUESTIONS = dict(questions())


@pytest.mark.parametrize("panel", QUESTIONS)
def test_each_question_of_a_dashboard_has_an_answer(panel: str, studio: Studio) -> None:
    if NOT_HERE.search(QUESTIONS[panel]):
        assert studio.prometheus.ask(QUESTIONS[panel]) == []
    else:
        assert studio.prometheus.until(QUESTIONS[panel])


@pytest.mark.parametrize("drawn", DRAWN, ids=lambda path: path.stem)
def test_each_choice_above_a_dashboard_has_values(drawn: Path, studio: Studio) -> None:
    for one in json.loads(drawn.read_text(encoding="utf-8"))["templating"]["list"][1:]:
        found = re.fullmatch(r"label_values\((\w+), (\w+)\)", one["definition"])
        assert found
        metric, label = found.groups()
        values = studio.prometheus.until(f"group by ({label}) ({metric})")
        assert all(value["metric"][label] for value in values)


def test_each_rule_is_evaluated_without_an_error(studio: Studio) -> None:
    rules = studio.prometheus.rules()

    assert {one["name"] for one in rules} >= {
        "AnswerprintModelLost",
        "server_model:requests:rate5m",
    }
    assert {one["name"]: one.get("lastError") for one in rules if one["health"] != "ok"} == {}


def test_what_is_wrong_here_raises_its_alert_and_nothing_else_does(studio: Studio) -> None:
    question = 'ALERTS{alertname="AnswerprintCanaryWorse", alertstate="firing"}'
    (worse,) = studio.prometheus.until(question)
    assert (worse["metric"]["task"], worse["metric"]["version"]) == ("denoise", "4")
    (down,) = studio.prometheus.until('ALERTS{alertname="AnswerprintModelDown"}')
    assert down["metric"]["model"] == "unwell"

    due = "CanaryWorse|ModelDown|CertificateEnds|FramesFail|QualityFails|RequestsFail|DiskFills"
    # a scrape that a busy machine was late with is over with the next one
    studio.prometheus.until(f'absent(ALERTS{{alertname!~"Answerprint({due})"}})')


def test_a_scrape_of_the_watch_holds_no_path_and_no_person(studio: Studio) -> None:
    page = requests.get(studio.page, timeout=30).text

    assert 'answerprint_probe_up{model="unwell",version="1"} 0.0' in page
    assert 'answerprint_probe_up{model="passthrough",version="1"} 1.0' in page
    assert not re.search(r"/tmp/|mira|ws014|127\.0\.0\.1|token", page)
