"""Batch: a task from beginning to end for scripts, which wait for it. The same verbs as the panel's."""

from __future__ import annotations

import contextlib
import json
import os
from typing import Dict, List, Optional, Tuple

from answerprint_panel import stamps, words
from answerprint_panel.host import Document, HostError, Source
from answerprint_panel.placing import PlacingHost
from answerprint_panel.waited import Engine, Report, carried_out, take_of, to_write, unfinished

# here      write what has to be written, run the task, wait for its take
# existing  the same of what is written already: nothing is rendered or cooked
# farm      as `here`, and take the number alone: others make the take
MODES = ("here", "existing", "farm")
_DONE: Dict[str, str] = {".exr": "rendered"}


def run(
    host: PlacingHost,
    source: Source,
    asked: Document,
    *,
    server: Optional[str],
    place: bool,
    report: Report,
    mode: str = "here",
) -> Document:
    """Returns the take, as the engine lists it; of a farm's, as `run --claim` answers.

    asked   the job without plate and out: task, frames, parameters, inputs, wedge, seed
    place   make a node of it, beside the plate's; its name is then the take's "placed"

    Raises:
        HostError: the node, the request, the engine or the server; with a remedy. A take that did
            not become complete is one as well.
    """
    if mode not in MODES:
        raise HostError(f"There is no mode '{mode}'.", f"One of {', '.join(MODES)}.")
    source = _keyed(host, source)
    with contextlib.closing(Engine()) as engine:
        document = {**asked, **_said(host, source)}
        where = _where(engine, host, source) if source.kind == "render" or not _root(asked) else {}
        document["plate"] = _plate(engine, host, source, asked, where, report, mode)
        document["out"] = {"root": where["root"], **_out(asked)} if where else _out(asked)
        if mode == "farm":
            return claimed(engine, document, server, report)
        ended = carried_out(engine, _argv(document, server), report)
        if ended.get("state") != "complete":
            raise unfinished(ended)
        take = take_of(engine, ended)
    placed = host.place(take, source.node or None) if place else None
    report(f"{take.get('name')} {take.get('take')}: {take.get('pattern')}")
    return {**take, "placed": placed}


def claimed(engine: Engine, document: Document, server: Optional[str], report: Report) -> Document:
    """Take a number, and run nothing."""
    found = engine.first([*_argv(document, server), "--claim"])
    report(f"{found.get('name')} {found.get('take')} is claimed: {found.get('path')}")
    return found


def _argv(document: Document, server: Optional[str]) -> List[str]:
    return ["run", "--document", json.dumps(document), *(["--server", server] if server else [])]


def _keyed(host: PlacingHost, source: Source) -> Source:
    """With its key, so that frames that are written already are used."""
    told: List[Tuple[Source, Optional[HostError]]] = []
    host.keyed(source, lambda *said: told.append(said), wait=True)
    found, wrong = told[0]
    if wrong is not None:
        raise wrong
    return found


def _said(host: PlacingHost, source: Source) -> Document:
    """What the job says about where it comes from."""
    said: Document = {"host": f"{host.name} {host.version()}"}
    script = host.script()
    if script:
        said["script"] = script
    if source.node:
        said["node"] = source.node
    if source.views:
        said["views"] = list(source.views)
    if source.space or source.config:
        colour = {"space": source.space, "said_by": host.name, "config": source.config or None}
        said["colour"] = colour
    return said


def _where(engine: Engine, host: PlacingHost, source: Source) -> Document:
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
    engine: Engine,
    host: PlacingHost,
    source: Source,
    asked: Document,
    where: Document,
    report: Report,
    mode: str,
) -> str:
    """The plate's path: of its files, or of what is written now."""
    for remark in source.remarks:
        report(remark)
    if source.kind == "files":
        return source.path
    pattern = f"{where['renders']}/{words.own_name(source.node)}.####{source.suffix}"
    frames = to_write(engine, source, asked)
    if mode == "existing":
        _check_written(source, pattern, frames)
        return pattern
    ends: List[Optional[HostError]] = []
    how = _DONE.get(source.suffix, "written")

    def step(done: int, count: int) -> None:
        report(f"{source.node}: {how} {done} of {count} frames")

    host.render(source, frames, pattern, step, ends.append, wait=True)
    if ends and ends[0] is not None:
        raise ends[0]
    return pattern


def _check_written(source: Source, pattern: str, frames: List[int]) -> None:
    """Raises HostError: a frame is not there that would have to be written."""
    lacking = [one for one in frames if not os.path.isfile(stamps.numbered(pattern, one))]
    if lacking:
        raise HostError(
            f"{len(lacking)} of {len(frames)} frames of {source.node} are not written yet as it is "
            f"now, first {lacking[0]}: {pattern}",
            "Run it in the mode 'here', which writes them first.",
        )
