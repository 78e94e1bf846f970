"""Batch: which plate a script means; the rest is every host's."""

from __future__ import annotations

import re
from typing import Any, Optional

from answerprint_nuke import host as hosts
from answerprint_nuke.host import NukeHost
from answerprint_panel import batch
from answerprint_panel.host import Document, Source
from answerprint_panel.waited import Report


def run(
    node_or_path: Any, asked: Document, *, server: Optional[str], place: bool, report: Report
) -> Document:
    """See `answerprint_nuke.run`."""
    host = hosts.this()
    source = _source(host, node_or_path)
    return batch.run(host, source, asked, server=server, place=place, report=report)


def _source(host: NukeHost, node_or_path: Any) -> Source:
    if not isinstance(node_or_path, str):
        return host.source(str(node_or_path.fullName()))
    if re.search(r"[/\\]|\.exr$", node_or_path):
        host.check_licence()
        return Source(node="", kind="files", path=node_or_path.replace("\\", "/"))
    return host.source(node_or_path)
