"""What server/deploy starts: the command line of each compose and Kubernetes variant, and a real start."""

from __future__ import annotations

import contextlib
import copy
import functools
import shlex
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kustomize
import yaml

from answerprint_server import embedded, launch, wheel

DEPLOY = Path(__file__).parents[1] / "server" / "deploy"
OVERLAYS = DEPLOY / "kubernetes" / "overlays"
COMPOSE = {
    "compose": ["compose.yaml"],
    "compose with cards": ["compose.yaml", "compose.gpu.yaml"],
    "compose with the gateway": ["compose.yaml", "compose.gateway.yaml"],
}
KUBERNETES = {f"kubernetes, {name}": name for name in ("cpu", "gpu", "s3")}
REPOSITORY = "/opt/answerprint/models"
PORTS = (8000, 8001, 8002)
SECRET = "f00d" * 16


def compose(variant: str) -> dict[str, Any]:
    """The files of a variant put together: as compose does it, but that lists are replaced.

    Ours add to no list of another file.
    """
    made: dict[str, Any] = {}
    for name in COMPOSE[variant]:
        made = kustomize.merged(made, yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8")))
    return made


def cluster(variant: str) -> list[dict[str, Any]]:
    """The documents of a Kubernetes variant; nobody else's: they may be changed."""
    return copy.deepcopy(_cluster(variant))


@functools.cache
def _cluster(variant: str) -> list[dict[str, Any]]:
    return kustomize.build(OVERLAYS / KUBERNETES[variant])


def pod(documents: list[dict[str, Any]], name: str = "triton") -> dict[str, Any]:
    """What the pods of a Deployment are."""
    (found,) = (
        one for one in documents if (one["kind"], one["metadata"]["name"]) == ("Deployment", name)
    )
    spec: dict[str, Any] = found["spec"]["template"]["spec"]
    return spec


def command(variant: str, folder: Path) -> list[str]:
    """The arguments that tritonserver gets, with SECRET as the gateway's; `folder` is written to."""
    if variant in KUBERNETES:
        (container,) = pod(cluster(variant))["containers"]
        assert container["command"] == ["/opt/tritonserver/bin/tritonserver"]
        return [word.replace("$(TRITON_ADMIN)", SECRET) for word in container["args"]]
    service = compose(variant)["services"]["triton"]
    program, *words = service["command"]
    assert program == "tritonserver"
    if "entrypoint" not in service:
        return list(words)
    return _through_shell(service["entrypoint"], service["command"], folder)


def _through_shell(entrypoint: list[str], words: list[str], folder: Path) -> list[str]:
    """Run a container's own shell line, with a program that prints what it is given as Triton."""
    secret, shown = folder / "secret", folder / "shown"
    secret.write_text(f"{SECRET}\n", encoding="utf-8")
    shown.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    shown.chmod(0o755)
    places = {
        "/run/secrets/triton_admin": shlex.quote(str(secret)),
        "/opt/nvidia/nvidia_entrypoint.sh": shlex.quote(str(shown)),
        "$$": "$",  # compose's own way to write one
    }
    for old, new in places.items():
        entrypoint = [word.replace(old, new) for word in entrypoint]
    run = subprocess.run([*entrypoint, *words], capture_output=True, text=True, check=True)
    program, *said = run.stdout.splitlines()
    assert program == "tritonserver"
    return said


def flags(words: list[str]) -> dict[str, list[str]]:
    """Arguments by their name; one without a value has an empty one."""
    made: dict[str, list[str]] = {}
    for word in words:
        assert word.startswith("--"), word
        name, _, value = word.removeprefix("--").partition("=")
        made.setdefault(name, []).append(value)
    return made


@dataclass(frozen=True)
class Started:
    """A real server that was started with a variant's command line; where it can be asked."""

    process: subprocess.Popen[bytes]
    http: int
    grpc: int
    metrics: int


@contextlib.contextmanager
def started(words: list[str], models: Path, folder: Path) -> Iterator[Started]:
    """The real binary with these arguments, and this machine's places and ports; killed at the end."""
    found, ports = wheel.binary(), embedded.free_ports(3)
    prefix = f"answerprint_deployed_{ports[0]}_"
    extra = [
        f"--backend-directory={wheel.backends(folder)}",
        f"--backend-config=python,shm-region-prefix-name={prefix}",
    ]
    told = flags(words)
    names = [name for name in ("http", "grpc", "metrics") if f"{name}-address" not in told]
    extra += [f"--{name}-address=127.0.0.1" for name in names]
    line = [str(found.program), *(_here(word, models, ports) for word in words), *extra]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            line, env=found.environment(), stdout=log, stderr=subprocess.STDOUT
        )
    try:
        while not launch.is_live(ports[0]):
            assert process.poll() is None, shlex.join(line)
            time.sleep(0.05)
        yield Started(process, *ports)
    finally:
        process.kill()
        process.wait()
        launch.clear(prefix)


def _here(word: str, models: Path, ports: tuple[int, ...]) -> str:
    name, _, value = word.partition("=")
    if name == "--model-repository":
        return f"{name}={models.as_posix()}"
    if name.endswith("-port"):
        return f"{name}={ports[PORTS.index(int(value))]}"
    return word
