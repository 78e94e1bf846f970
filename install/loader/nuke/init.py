"""Answerprint: hands Nuke the version that is current. This folder never changes; 'current' does."""

import os
import sys
import types

_SYSTEM = {"win32": "windows", "darwin": "macos"}.get(sys.platform, sys.platform)
_PLACE = os.path.dirname(os.path.dirname(os.path.abspath((lambda: None).__code__.co_filename)))
_MOST_BYTES = 4096


def _add() -> None:
    import nuke

    # what menu.py, here or in another installation's folder, learns from us
    known = sys.modules.get("answerprint_loader")
    if known is not None and not known.reason:
        if known.place != _PLACE:
            print("Answerprint is loaded from %s; %s stays out." % (known.place, _PLACE))
        return
    known = sys.modules["answerprint_loader"] = types.ModuleType("answerprint_loader")
    known.place, known.reason = _PLACE, "it could not be loaded"
    try:
        version = _version()
        _name_engine(version)
        nuke.pluginAddPath(os.path.join(version, "nuke").replace(os.sep, "/"))
    except Exception as error:
        known.reason = str(error) or type(error).__name__
        raise
    known.reason = ""


def _version() -> str:
    """The folder of the version that is current. Raises OSError: why there is none."""
    current = os.path.join(_PLACE, "current")
    again = "Install it again, or go back to another version: python3 -m install nuke --versions"
    try:
        with open(current, encoding="ascii") as stream:
            names = stream.read(_MOST_BYTES).split()
    except (OSError, ValueError) as error:
        raise OSError("%s cannot be read (%s). %s" % (current, error, again)) from error
    names = [name for name in names if "-%s-" % _SYSTEM in name]
    names = [name for name in names if name == os.path.basename(name)]
    if not names:
        raise OSError("%s names no version for %s. %s" % (current, _SYSTEM, again))
    version = os.path.join(_PLACE, "versions", names[0])
    if not os.path.isfile(os.path.join(version, "complete")):
        raise OSError("%s is not there, or not whole. %s" % (version, again))
    return version


def _name_engine(version: str) -> None:
    engine = os.path.join(version, "engine.txt")
    if os.path.isfile(engine):
        with open(engine, encoding="utf-8") as stream:
            os.environ.setdefault("ANSWERPRINT_ENGINE", stream.read(_MOST_BYTES).strip())
    site = os.path.join(_PLACE, "site.toml")
    if os.path.isfile(site):
        os.environ.setdefault("ANSWERPRINT_SITE", site)


try:
    _add()
except Exception as _error:  # noqa: BLE001 - Nuke starts, whatever is wrong with us
    # ASCII: the terminal may have no other, and a second error would stop Nuke
    print("Answerprint could not start: %s" % ascii(str(_error))[1:-1])
