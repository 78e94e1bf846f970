"""A script's settings that decide what its pixels are; read once for each look at a node."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any, Optional, Tuple

COLOUR = (
    *("colorManagement", "OCIO_config", "customOCIOConfigPath", "OCIOConfigPath"),
    *("workingSpaceLUT", "int8Lut", "int16Lut", "logLut", "floatLut", "luts", "fps"),
)


@dataclass(frozen=True)
class Script:
    """What a plate depends on besides its node.

    views       in the script's order
    proxy       proxy mode is on
    working     the working space by name; None where Nuke's own linear is meant
    floats      the space of float files whose Read says `default`
    config      the OpenColorIO configuration these names are from; empty: $OCIO, or Nuke's own
    directory   what relative paths begin at
    """

    views: Tuple[str, ...] = ("main",)
    proxy: bool = False
    working: Optional[str] = None
    floats: Optional[str] = None
    config: str = ""
    directory: str = ""

    @property
    def stereo(self) -> Tuple[str, ...]:
        """The views, where there are several."""
        return self.views if len(self.views) > 1 else ()


def read(root: Any, views: Any) -> Script:
    """From the root node's knobs; one that this Nuke does not have is passed over."""
    return Script(
        views=tuple(str(view) for view in views),
        proxy=bool(root.proxy()),
        working=space(_value(root, "workingSpaceLUT")),
        floats=space(_value(root, "floatLut")),
        config=_config(root),
        directory=_directory(root),
    )


def colour(root: Any) -> Tuple[str, ...]:
    """All that a script says of colour and of its frame rate; and the config that $OCIO names."""
    said = [f"{name} {_written(root, name)}" for name in COLOUR]
    return (*said, f"OCIO {os.environ.get('OCIO', '')}")


def _written(root: Any, name: str) -> str:
    """A knob as the script holds it, its curves as well; empty where this Nuke has none."""
    knob = root.knob(name)
    return "" if knob is None else str(knob.toScript(False))


def path(root: Any) -> Optional[str]:
    """Where the script is saved; None while it is not."""
    name = str(root.name())
    return None if name == "Root" else name.replace("\\", "/")


def space(said: str) -> Optional[str]:
    """A colour space as a knob names it: roles and aliases after it, and `default (...)`, are cut.

    None: the plain linear of Nuke's own colour management, or a default that is not named. Both
    mean scene-linear, which the engine takes without being told.
    """
    name = re.split(r"\t", said.strip())[0].strip()
    inner = re.match(r"default \((.+)\)$", name)
    name = inner.group(1).strip() if inner else name
    return None if name.casefold() in ("", "default", "linear") else name


def _value(node: Any, name: str) -> str:
    knob = node.knob(name)
    return "" if knob is None else str(knob.value() or "")


def _config(root: Any) -> str:
    if os.environ.get("OCIO") or _value(root, "colorManagement") != "OCIO":
        return ""
    if _value(root, "OCIO_config") == "custom":
        knob = root.knob("customOCIOConfigPath")
        return "" if knob is None else str(knob.getEvaluatedValue() or "").replace("\\", "/")
    return _value(root, "OCIOConfigPath").replace("\\", "/")


def _directory(root: Any) -> str:
    knob = root.knob("project_directory")
    found = "" if knob is None else str(knob.getEvaluatedValue() or "")
    return (found or os.getcwd()).replace("\\", "/")
