"""Batch: which plate a script means; the rest is every host's."""

from __future__ import annotations

from typing import Any, Optional

from answerprint_houdini import host as hosts, paths
from answerprint_houdini.host import HoudiniHost
from answerprint_panel import batch
from answerprint_panel.host import Document, Source
from answerprint_panel.waited import Report


def run(
    node_or_path: Any,
    asked: Document,
    *,
    mode: str,
    server: Optional[str],
    place: bool,
    report: Report,
) -> Document:
    """See `answerprint_houdini.run`."""
    host = hosts.this()
    source = _source(host, node_or_path)
    return batch.run(host, source, asked, server=server, place=place, report=report, mode=mode)


def _source(host: HoudiniHost, node_or_path: Any) -> Source:
    """A node, its path, or files on disk: those end as files do, and a node's path never does."""
    if not isinstance(node_or_path, str):
        return host.source(str(node_or_path.path()))
    if paths.ends_in(node_or_path, (*paths.IMAGES, *paths.GEOMETRY)):
        return Source(node="", kind="files", path=paths.from_houdini(node_or_path))
    return host.source(node_or_path)
