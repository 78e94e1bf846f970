"""nuke.env: how this Nuke was started."""

from __future__ import annotations

import sys
from typing import Any

import nuke_session as session
import nuke_table as table
from nuke_guard import Guarded

# What is not of this run: the table has the names, the fake no better values than these
_FIXED: dict[str, Any] = {
    "ExecutablePath": "/opt/Nuke/Nuke",
    "NukeVersionDate": "",
    "NukeVersionPhase": "",
    "PluginExtension": "so",
    "NukeLibraryPath": "/opt/Nuke",
    "numCPUs": 2,
    "threads": 2,
    "NukeVersionPhaseNumber": 0,
    "64bit": True,
}


class GlobalsEnvironment(Guarded):
    def __init__(self, *args: Any) -> None:
        del args

    def _value(self, key: str) -> Any:
        state = session.state
        major, minor, release = state.version
        own = {
            "gui": state.gui,
            "interactive": state.gui,
            "nc": state.nc,
            "ple": state.ple,
            "NukeVersionMajor": major,
            "NukeVersionMinor": minor,
            "NukeVersionRelease": release,
            "NukeVersionString": f"{major}.{minor}v{release}",
            "LINUX": sys.platform.startswith("linux"),
            "MACOS": sys.platform == "darwin",
            "WIN32": sys.platform == "win32",
        }
        return own.get(key, _FIXED.get(key, False))

    def __getitem__(self, key: str) -> Any:
        if key not in table.API["env_keys"]:
            raise KeyError(key)
        return self._value(key)

    def __contains__(self, key: object) -> bool:
        return key in table.API["env_keys"]

    def __len__(self) -> int:
        return len(table.API["env_keys"])

    def get(self, key: str, default: Any = None) -> Any:
        return self._value(key) if key in table.API["env_keys"] else default

    def keys(self) -> list[str]:
        return list(table.API["env_keys"])

    def items(self) -> list[tuple[str, Any]]:
        return [(key, self._value(key)) for key in table.API["env_keys"]]
