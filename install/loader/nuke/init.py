"""Answerprint: hands Nuke the version that is current. This folder never changes; 'current' does."""

import os


def _add() -> None:
    import nuke

    place = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    with open(os.path.join(place, "current"), encoding="utf-8") as stream:
        version = os.path.join(place, "versions", stream.read(200).strip())
    engine = os.path.join(version, "engine.txt")
    if os.path.isfile(engine):
        with open(engine, encoding="utf-8") as stream:
            os.environ.setdefault("ANSWERPRINT_ENGINE", stream.read(4096).strip())
    site = os.path.join(place, "site.toml")
    if os.path.isfile(site):
        os.environ.setdefault("ANSWERPRINT_SITE", site)
    nuke.pluginAddPath(os.path.join(version, "nuke").replace(os.sep, "/"))


try:
    _add()
except Exception as error:  # noqa: BLE001 - Nuke starts, whatever is wrong with us
    print("Answerprint could not start: %s" % error)
