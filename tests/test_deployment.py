"""Compose and Kubernetes start what the embedded server starts, and know when it does not work."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import deployments
import kustomize
import psutil
import pytest
import requests
import windows
from command import Answerprint
from deployments import SECRET, Started
from gateways import Studio, lacking
from samples import AtOnce, add_model, own_models

from answerprint.errors import ServerError
from answerprint.triton import Server
from answerprint_server import certs, gateway, launch, limits, repository
from answerprint_server.gateway import Gateway, Shown
from answerprint_server.ports import free_ports

VARIANTS = [*deployments.COMPOSE, *deployments.KUBERNETES]

PLACES = {
    "backend-directory": "the image has its own",
    "cache-directory": "the image has its own",
    "backend-config": "a container's shared memory is its own: nobody's to tell apart",
    "grpc-address": "what reaches a container is said by its ports and its network's policy",
    "metrics-address": "as grpc-address",
}
INSIDE = {"http-address": "as grpc-address"}
OTHERS = {
    "grpc-restricted-protocol": "others than this machine's user are let in, by the gateway",
    "http-restricted-api": "as grpc-restricted-protocol",
}
LONGER = {"exit-timeout-secs": "a pod ends in working hours, when artists' long frames are in work"}
BUCKET = {"model-repository": "the models are in a bucket"}

# in which flags each differs from the embedded server, and why it may; it must, too
DIFFERENCES = {
    "compose": PLACES | INSIDE,
    "compose with cards": PLACES | INSIDE,
    "compose with the gateway": PLACES | INSIDE | OTHERS,
    "kubernetes, cpu": PLACES | OTHERS | LONGER,
    "kubernetes, gpu": PLACES | OTHERS | LONGER,
    "kubernetes, s3": PLACES | OTHERS | LONGER | BUCKET,
}

DARK = "return {name: 0.97 * image for name, image in images.items()}"
ASLEEP = "__import__('time').sleep(600)\n        return images"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """The pod's server; beside passthrough it has one that darkens, and one that never answers."""
    folder = tmp_path_factory.mktemp("guarded")
    models = own_models(folder / "models", ["passthrough"])
    add_model(models, "dark", lambda program: program.replace("return images", DARK))
    add_model(models, "asleep", lambda program: program.replace("return images", ASLEEP))
    words = deployments.command("kubernetes, cpu", folder)
    with deployments.started(words, models, folder) as server:
        yield server


def probes() -> dict[str, list[str]]:
    """The pod's probes by their name: what is run in the container."""
    (container,) = deployments.pod(deployments.cluster("kubernetes, cpu"))["containers"]
    return {
        name: container[f"{name}Probe"]["exec"]["command"]
        for name in ("startup", "readiness", "liveness")
    }


def begun(words: list[str], port: int, *more: str) -> subprocess.Popen[str]:
    """A probe's own command, with this Python, our file and this port."""
    assert words[:2] == ["python3", "-I"], words
    assert words[2] == "/opt/answerprint/healthcheck.py"
    script = deployments.DEPLOY / "healthcheck.py"
    return subprocess.Popen(
        [sys.executable, "-I", str(script), *words[3:], f"--port={port}", *more],
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, said = process.communicate()
    return process.returncode, said


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_starts_what_the_embedded_server_starts_flag_by_flag(
    variant: str, tmp_path: Path
) -> None:
    own = launch.command(
        deployments.REPOSITORY, Path("backends"), Path("caches"), deployments.PORTS, "prefix"
    )
    ours, theirs = deployments.flags(own), deployments.flags(deployments.command(variant, tmp_path))

    different = {name for name in ours | theirs if ours.get(name) != theirs.get(name)}

    assert different == DIFFERENCES[variant].keys()


def test_the_model_repository_starts_from_the_compose_files_command_line_and_is_watched(
    tmp_path: Path, answerprint: Answerprint
) -> None:
    words = deployments.command("compose", tmp_path)
    assert words == deployments.command("compose with cards", tmp_path)

    with (
        deployments.started(words, repository.models_folder(), tmp_path) as started,
        Server(f"127.0.0.1:{started.grpc}") as server,
    ):
        offers = server.offers()
        watched = AtOnce(answerprint.folder)(*watching(started), "--once")

    own = repository.models(repository.models_folder())
    assert [one.name for one in offers if one.contract] == [model.name for model in own]
    assert watched.code == 0, watched


def watching(server: Started) -> list[str]:
    """What compose's own watch runs, with this server's ports."""
    program, *words = deployments.compose("compose")["services"]["watch"]["command"]
    assert program == "answerprint"
    places = {"127.0.0.1:8001": server.grpc, "127.0.0.1:8002": server.metrics}
    return [f"127.0.0.1:{places[word]}" if word in places else word for word in words]


def test_the_gateways_server_starts_and_tells_its_models_to_who_knows_the_secret_alone(
    guarded: Started, tmp_path: Path
) -> None:
    """The embedded server's own test of the compose variant with the gateway: its flags are these."""
    pods = deployments.flags(deployments.command("kubernetes, cpu", tmp_path))
    composed = deployments.flags(deployments.command("compose with the gateway", tmp_path))
    for name in OTHERS:
        assert pods[name] == composed[name]
    index = f"http://127.0.0.1:{guarded.http}/v2/repository/index"
    load = f"http://127.0.0.1:{guarded.http}/v2/repository/models/passthrough/load"
    memory = f"http://127.0.0.1:{guarded.http}/v2/systemsharedmemory/region/x/register"

    for url in (index, load, memory):
        assert requests.post(url, json={}, timeout=60).status_code == 403
        assert (
            requests.post(url, headers={"x-answerprint-admin": "f00d"}, timeout=60).status_code
            == 403
        )
    known = requests.post(index, headers={"x-answerprint-admin": SECRET}, timeout=60)
    with Server(f"127.0.0.1:{guarded.grpc}") as server, pytest.raises(ServerError):
        server.offers()

    assert {one["name"] for one in known.json()} == {"passthrough", "dark", "asleep"}


def test_every_variant_starts(guarded: Started, tmp_path: Path) -> None:
    """Those whose command line is another's are started with it; the last one is started here."""
    pods = {
        tuple(word for word in deployments.command(one, tmp_path) if "model-repository" not in word)
        for one in deployments.KUBERNETES
    }
    models = own_models(tmp_path / "models", ["passthrough"])
    words = deployments.command("compose with the gateway", tmp_path)

    with deployments.started(words, models, tmp_path) as started:
        assert ended(begun(probes()["readiness"], started.http)) == (0, "")

    assert len(pods) == 1
    assert guarded.process.poll() is None


def test_a_server_that_works_passes_every_probe(guarded: Started) -> None:
    running = {name: begun(words, guarded.http) for name, words in probes().items()}

    assert {name: ended(one) for name, one in running.items()} == dict.fromkeys(running, (0, ""))


def test_a_wrong_answer_is_not_well(guarded: Started) -> None:
    code, said = ended(begun(probes()["readiness"], guarded.http, "--model=dark"))

    assert (code, said) == (
        1,
        "Triton is not well: dark answered, and the pixel is not the one that was sent.\n",
    )


def test_a_slow_model_gets_no_work_and_is_not_restarted(guarded: Started) -> None:
    more = ["--model=asleep", "--seconds=3"]
    ready, alive = (
        begun(probes()[name], guarded.http, *more) for name in ("readiness", "liveness")
    )

    assert ended(ready) == (1, "Triton is not well: asleep did not answer within 3 s.\n")
    assert ended(alive) == (0, "")


def test_a_dead_model_fails_each_probe_until_it_is_loaded_and_triton_says_ready_all_the_same(
    guarded: Started,
) -> None:
    (stub,) = (
        one
        for one in psutil.Process(guarded.process.pid).children(recursive=True)
        if "passthrough_0_0" in one.cmdline()
    )
    stub.kill()

    running = {name: begun(words, guarded.http) for name, words in probes().items()}
    for name, one in running.items():
        code, said = ended(one)
        assert code == 1, name
        assert said.startswith("Triton is not well: passthrough answered 500: "), name
    base = f"http://127.0.0.1:{guarded.http}/v2"
    assert requests.get(f"{base}/health/ready", timeout=60).status_code == 200
    load = f"{base}/repository/models/passthrough/load"
    known = {"x-answerprint-admin": SECRET}
    assert requests.post(load, json={}, headers=known, timeout=60).status_code == 200
    assert ended(begun(probes()["readiness"], guarded.http)) == (0, "")


def test_a_server_that_is_not_there_is_not_well() -> None:
    (port,) = free_ports(1)

    code, said = ended(begun(probes()["liveness"], port))

    assert code == 1
    assert said.startswith(f"Triton is not well: no server at 127.0.0.1:{port}: ")


def test_what_the_autoscaler_asks_for_is_made_of_what_triton_tells(guarded: Started) -> None:
    told = requests.get(f"http://127.0.0.1:{guarded.metrics}/metrics", timeout=60).text
    rules = kustomize.read(deployments.DEPLOY / "kubernetes" / "prometheus-adapter.yaml")[0][
        "rules"
    ]
    asked = {
        one["pods"]["metric"]["name"]
        for document in deployments.cluster("kubernetes, cpu")
        if document["kind"] == "HorizontalPodAutoscaler"
        for one in document["spec"]["metrics"]
    }

    assert asked == {one["name"]["as"] for one in rules["custom"]}
    for one in rules["custom"]:
        names = set(re.findall(r"nv_\w+", one["seriesQuery"] + one["metricsQuery"]))
        assert names, one
        assert all(f"\n{name}{{" in told for name in names), names


def test_composes_healthcheck_is_the_pods() -> None:
    held: dict[str, Any] = deployments.compose("compose")["services"]["triton"]["healthcheck"]

    assert held["test"] == ["CMD", *probes()["readiness"]]


@pytest.mark.parametrize("variant", list(deployments.COMPOSE))
def test_compose_opens_nothing_but_the_gateways_port_to_others(variant: str) -> None:
    services = deployments.compose(variant)["services"]
    opened = {
        (name, port)
        for name, service in services.items()
        for port in service.get("ports", [])
        if not port.startswith("127.0.0.1:")
    }

    assert opened == ({("gateway", "8443:8443")} if "gateway" in services else set())


@pytest.mark.parametrize("variant", list(deployments.COMPOSE))
def test_each_service_of_compose_may_do_little(variant: str) -> None:
    for name, service in deployments.compose(variant)["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service, name
        assert "healthcheck" in service, name


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_server_has_the_time_to_end_that_its_command_line_promises(
    variant: str, tmp_path: Path
) -> None:
    (seconds,) = deployments.flags(deployments.command(variant, tmp_path))["exit-timeout-secs"]
    if variant in deployments.COMPOSE:
        period = deployments.compose(variant)["services"]["triton"]["stop_grace_period"]
        assert int(period.removesuffix("s")) >= int(seconds) + 5
        return
    held = deployments.pod(deployments.cluster(variant))
    before = held["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]

    assert held["terminationGracePeriodSeconds"] >= int(before[1]) + int(seconds) + 5


def gateways() -> dict[str, list[str]]:
    """Of compose and of Kubernetes: how nginx is started, with its settings and `run` mounted."""
    (container,) = deployments.pod(deployments.cluster("kubernetes, cpu"), "gateway")["containers"]
    service = deployments.compose("compose with the gateway")["services"]["gateway"]
    mounts = {one["mountPath"] for one in container["volumeMounts"]}
    assert mounts == {"/etc/answerprint", "/var/lib/answerprint/run", "/tmp"}
    assert service["volumes"] == ["${ANSWERPRINT_GATEWAY:-./gateway}:/etc/answerprint:ro"]
    assert service["tmpfs"][1].startswith("/var/lib/answerprint/run:")
    return {"kubernetes": container["command"], "compose": service["command"]}


@pytest.mark.parametrize("place", ["kubernetes", "compose"])
def test_nginx_takes_the_gateways_folder_from_where_a_container_has_it(
    place: str, tmp_path: Path
) -> None:
    """The settings read-only in one place, what it writes in another."""
    if lacking() and windows.may_skip():
        pytest.skip(lacking())
    made, written = gateways_folder(tmp_path), tmp_path / "var"
    (written / "run").mkdir(parents=True)
    places = {"/etc/answerprint": str(made), "/var/lib/answerprint": str(written)}
    words = [word.replace("exec nginx", "exec nginx -t") for word in gateways()[place]]
    for old, new in places.items():
        words = [word.replace(old, new) for word in words]

    said = subprocess.run(words, check=False, capture_output=True, text=True)

    assert said.returncode == 0, said
    assert "test is successful" in said.stderr
    assert (written / "run" / "access.log").readlink() == Path("/dev/stdout")
    assert not [path for path in made.iterdir() if path.is_dir()]


def gateways_folder(folder: Path) -> Path:
    """As `answerprint server gateway` writes it, without the folder that a container has elsewhere."""
    studio, made = Studio.made(folder / "certs"), folder / "etc"
    made.mkdir()
    certs.write(made / limits.FILE, limits.default().encode(), 0o644)
    names = ("ca.pem", "server-127.0.0.1.pem", "server-127.0.0.1.key")
    shown = Shown(*(studio.folder / name for name in names))
    asked = Gateway("127.0.0.1:8001", "127.0.0.1:8443")
    gateway.write(made, asked, shown, limits.read(made / limits.FILE))
    (made / gateway.RUN).rmdir()
    return made


def test_the_gateways_secret_is_one_that_kubernetes_can_hand_on_as_it_is(tmp_path: Path) -> None:
    held = gateways_folder(tmp_path) / gateway.SECRET

    assert re.fullmatch(rb"[0-9a-f]{64}", held.read_bytes())


def test_the_security_page_names_tests_that_there_are() -> None:
    text = (deployments.DEPLOY.parent / "SECURITY.md").read_text(encoding="utf-8")
    named = set(re.findall(r"test_\w+\.py", text))

    assert len(named) > 10
    assert all((Path(__file__).parent / name).is_file() for name in named)
