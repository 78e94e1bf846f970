"""What an installation would do, in words, before it does it."""

from __future__ import annotations

import os

from install.telling import Telling
from install.version import Version


def say(version: Version, telling: Telling, *, server: str | None, wheelhouse: str | None) -> None:
    there = " (is there)" if version.is_there else ""
    print("Answerprint %s" % version.name)
    print("  into        %s%s" % (version.folder, there))
    print("  engine      %s" % _engine(version, wheelhouse))
    if version.place.shared:
        print("              every workstation must have that Python at that path")
    print("  server      %s" % _server(version, server))
    telling.plan()


def _engine(version: Version, wheelhouse: str | None) -> str:
    engine = version.engine
    if engine.is_named:
        return engine.python
    source = "from %s" % wheelhouse if wheelhouse else "from the package index"
    size = "1.4 GB" if engine.server else "0.4 GB"
    return "an interpreter of its own, %s, %s, hashes checked;\n              it stands on %s" % (
        source,
        size,
        engine.python,
    )


def _server(version: Version, server: str | None) -> str:
    site = version.place.path("site.toml")
    if server and os.path.lexists(site):
        return "as %s says it, which stays as it is" % site
    if server:
        return "%s, in site.toml" % server
    return "one on this machine, started when asked for" if version.engine.server else "none yet"
