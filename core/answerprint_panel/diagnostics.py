"""What a person sends the pipeline team when something is wrong: versions, states, the last errors."""

from __future__ import annotations

import importlib
import platform
from typing import Iterable, List, Tuple

from answerprint_panel import child, faults, qt
from answerprint_panel.discreet import discreet
from answerprint_panel.host import Document, Host, HostError
from answerprint_panel.sidecar import Sidecar

LOG_BYTES = 4096
MOST_SENTENCE = 500


def text(
    host: Host,
    sidecar: Sidecar,
    server: Document,
    errors: Iterable[Tuple[str, str, Document]],
    remarks: Iterable[str] = (),
) -> str:
    """Plain text, a few screens at most; without the environment, and without what is secret.

    errors    when, at which verb, and the error document
    remarks   what else went wrong, a sentence each
    """
    lines = [
        *_versions(host),
        *_engine(sidecar),
        *_server(server),
        *(remark for remark in remarks if remark),
        "",
        "Last errors",
        *(f"  {when} {verb}: {_sentence(error)}" for when, verb, error in errors),
        "",
        f"Log ({child.log_path()})",
        *(f"  {line}" for line in child.tail(child.log_path(), LOG_BYTES).splitlines()),
        f"Faults ({faults.log_path()})",
        *(f"  {line}" for line in child.tail(faults.log_path(), LOG_BYTES).splitlines()),
    ]
    return discreet("\n".join(lines)) + "\n"


def _versions(host: Host) -> List[str]:
    try:
        version = host.version()
    except HostError as error:
        version = f"({error.problem})"
    binding = getattr(importlib.import_module(qt.BINDING), "__version__", "")
    return [
        f"{host.title or 'Host'} {version}",
        f"Python {platform.python_version()}, {qt.BINDING} {binding}, Qt {qt.QtCore.qVersion()}",
        f"{platform.system()} {platform.release()} {platform.machine()}",
    ]


def _engine(sidecar: Sidecar) -> List[str]:
    said = f"Engine {sidecar.version or '(not heard)'}: {sidecar.state}, {sidecar.python}"
    problem = [f"  {_sentence(sidecar.problem)}"] if sidecar.problem else []
    return [said, *problem, *(f"  stray answer: {str(one)[:200]}" for one in sidecar.strays)]


def _server(server: Document) -> List[str]:
    where = server.get("address") or "no address"
    said = f"Server {server.get('name') or ''}: {server.get('state')}, {where}"
    return [said, f"  {_sentence(server)}"] if server.get("problem") else [said]


def _sentence(error: Document) -> str:
    said = [str(error.get(key) or "") for key in ("problem", "remedy", "where")]
    return " ".join(part for part in said if part)[:MOST_SENTENCE]
