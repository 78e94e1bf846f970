"""The open script, for those who only want to name it. No Qt."""

from __future__ import annotations

from answerprint_panel.host import Host, HostError


def path(host: Host) -> str:
    """Empty while it has no name, or where the host cannot tell."""
    try:
        return host.script() or ""
    except HostError:
        return ""


def name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]
