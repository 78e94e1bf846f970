"""Answerprint: hands Houdini the version that is current. This folder never changes; 'current' does."""

import importlib.util
import os
import sys

_SYSTEM = {"win32": "windows", "darwin": "macos"}.get(sys.platform, sys.platform)
# PLACE/houdini/scripts/python/answerprint_houdini/__init__.py
_PLACE = os.path.abspath(__file__).rsplit(os.sep, 5)[0]
_MOST_BYTES = 4096


def _version() -> str:
    """The folder of the version that is current. Raises ImportError: why there is none."""
    current = os.path.join(_PLACE, "current")
    again = "Install it again, or go back to another version: python3 -m install houdini --versions"
    try:
        with open(current, encoding="ascii") as stream:
            names = stream.read(_MOST_BYTES).split()
    except (OSError, ValueError) as error:
        raise ImportError("%s cannot be read (%s). %s" % (current, error, again)) from error
    names = [name for name in names if "-%s-" % _SYSTEM in name]
    names = [name for name in names if name == os.path.basename(name)]
    if not names:
        raise ImportError("%s names no version for %s. %s" % (current, _SYSTEM, again))
    version = os.path.join(_PLACE, "versions", names[0])
    if not os.path.isfile(os.path.join(version, "complete")):
        raise ImportError("%s is not there, or not whole. %s" % (version, again))
    return version


def _name_engine(version: str) -> None:
    engine = os.path.join(version, "engine.txt")
    if os.path.isfile(engine):
        with open(engine, encoding="utf-8") as stream:
            os.environ.setdefault("ANSWERPRINT_ENGINE", stream.read(_MOST_BYTES).strip())
    site = os.path.join(_PLACE, "site.toml")
    if os.path.isfile(site):
        os.environ.setdefault("ANSWERPRINT_SITE", site)


def _become(version: str) -> None:
    """The version's own package takes our name: from here on nothing of this file is seen."""
    folder = os.path.join(version, "houdini", "scripts", "python", __name__)
    path = os.path.join(folder, "__init__.py")
    if not os.path.isfile(path):
        raise ImportError("%s has no Houdini side. Install it again." % version)
    spec = importlib.util.spec_from_file_location(
        __name__, path, submodule_search_locations=[folder]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[__name__] = module
    spec.loader.exec_module(module)


_CURRENT = _version()
_name_engine(_CURRENT)
_become(_CURRENT)
