"""Batch: a task from beginning to end for scripts, which wait for it. The same verbs as the panel's."""

from __future__ import annotations

import contextlib
import re
from typing import Any, List, Optional, Tuple

from answerprint_nuke import host as hosts
from answerprint_nuke.host import NukeHost
from answerprint_panel.host import Document, HostError, Source
from answerprint_panel.waited import Engine, Report, carried_out, take_of, to_write, unfinished


def run(
    node_or_path: Any, asked: Document, *, server: Optional[str], place: bool, report: Report
) -> Document:
    """See `answerprint_nuke.run`."""
    host = hosts.this()
    source = _keyed(host, _source(host, node_or_path))
    with contextlib.closing(Engine()) as engine:
        document = {**asked, **_said(host, source)}
        where = _where(engine, host, source) if source.kind == "render" or not _root(asked) else {}
        document["plate"] = _plate(engine, host, source, asked, where, report)
        document["out"] = {"root": where["root"], **_out(asked)} if where else _out(asked)
        ended = carried_out(engine, document, server, report)
        if ended.get("state") != "complete":
            raise unfinished(ended)
        take = take_of(engine, ended)
    placed = host.place(take, source.node or None) if place else None
    report(f"{take.get('name')} {take.get('take')}: {take.get('pattern')}")
    return {**take, "placed": placed}


def _source(host: NukeHost, node_or_path: Any) -> Source:
    if not isinstance(node_or_path, str):
        return host.source(str(node_or_path.fullName()))
    if re.search(r"[/\\]|\.exr$", node_or_path):
        host.check_licence()
        return Source(node="", kind="files", path=node_or_path.replace("\\", "/"))
    return host.source(node_or_path)


def _keyed(host: NukeHost, source: Source) -> Source:
    """With the key of its pixels, so that frames that are rendered already are used."""
    told: List[Tuple[Source, Optional[HostError]]] = []
    host.keyed(source, lambda *said: told.append(said), wait=True)
    found, wrong = told[0]
    if wrong is not None:
        raise wrong
    return found


def _said(host: NukeHost, source: Source) -> Document:
    """What the job says about where it comes from."""
    said: Document = {"host": f"nuke {host.version()}"}
    script = host.script()
    if script:
        said["script"] = script
    if source.node:
        said["node"] = source.node
    if source.views:
        said["views"] = list(source.views)
    if source.space or source.config:
        colour = {"space": source.space, "said_by": "nuke", "config": source.config or None}
        said["colour"] = colour
    return said


def _where(engine: Engine, host: NukeHost, source: Source) -> Document:
    argv, script = ["where"], host.script()
    if script:
        argv += ["--script", script]
    if source.kind == "render":
        argv += ["--node", source.node, "--key", source.key]
    return engine.first(argv)


def _out(asked: Document) -> Document:
    return {key: value for key, value in (asked.get("out") or {}).items() if value is not None}


def _root(asked: Document) -> bool:
    return bool(_out(asked).get("root"))


def _plate(
    engine: Engine, host: NukeHost, source: Source, asked: Document, where: Document, report: Report
) -> str:
    """The plate's path: of its files, or of what is rendered now."""
    for remark in source.remarks:
        report(remark)
    if source.kind == "files":
        return source.path
    pattern = f"{where['renders']}/{source.title}.####.exr"
    frames = to_write(engine, source, asked)
    ends: List[Optional[HostError]] = []

    def step(done: int, count: int) -> None:
        report(f"{source.node}: rendered {done} of {count} frames")

    host.render(source, frames, pattern, step, ends.append, wait=True)
    if ends and ends[0] is not None:
        raise ends[0]
    return pattern
