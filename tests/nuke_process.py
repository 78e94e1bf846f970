"""A Nuke that starts: the fake one, in a process that knows nothing of this project but what is installed.

    python nuke_process.py FAKES [--terminal] [--qt FOLDER]

It reads the user's ~/.nuke and NUKE_PATH as Nuke does, then says what came of it: one JSON document.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

MOST_SECONDS = 60


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("fakes")
    parser.add_argument("--terminal", action="store_true")
    parser.add_argument("--qt")
    args = parser.parse_args()
    session = fake(args.fakes, gui=not args.terminal)
    # from here on: the standard library, the fake, and Qt as a host has it
    alone = [x for x in sys.path if x.startswith(sys.base_prefix) and "site-packages" not in x]
    sys.path[:] = [*alone, args.fakes, *([args.qt] if args.qt else [])]
    for name in [x for x in sys.modules if x.partition(".")[0].startswith("answerprint")]:
        del sys.modules[name]
    assert importlib.util.find_spec("answerprint") is None

    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        start(session.state, gui=not args.terminal)
    told: dict[str, Any] = {
        "said": said.getvalue(),
        "menu": menu() if not args.terminal else None,
        "panels": sorted(session.state.panels),
        "site": os.environ.get("ANSWERPRINT_SITE"),
        "engine": panel(session) if args.qt else None,
    }
    told["modules"] = {
        name: getattr(module, "__file__", None)
        for name, module in sys.modules.items()
        if name.partition(".")[0].startswith("answerprint")
    }
    print(json.dumps(told))


def fake(folder: str, *, gui: bool) -> Any:
    sys.path.insert(0, folder)
    import nuke
    import nuke_session

    nuke_session.reset(gui=gui)
    assert nuke.GUI is gui
    return nuke_session


def start(state: Any, *, gui: bool) -> None:
    """init.py of every folder, also of those that one adds; with a UI, then every menu.py."""
    users = str(Path.home() / ".nuke")
    named = [x for x in os.environ.get("NUKE_PATH", "").split(os.pathsep) if x]
    state.plugin_path[:] = [users, *named]
    read: list[str] = []
    for folder in [*reversed(named), users]:
        run(folder, "init.py")
        read.append(folder)
        while new := [x for x in state.plugin_path if x not in read]:
            read.append(new[-1])  # each is put before the others: the last was added first
            run(new[-1], "init.py")
    for folder in reversed(state.plugin_path) if gui else ():
        run(folder, "menu.py")


def run(folder: str, name: str) -> None:
    """As a host does: without a __file__."""
    path = Path(folder, name)
    if path.is_file():
        exec(compile(path.read_bytes(), path, "exec"), {"__name__": "__main__"})


def menu() -> list[str]:
    import nuke

    found = nuke.menu("Nuke").findItem("Answerprint")
    return [item.name() for item in found.items()] if found else []


def panel(session: Any) -> dict[str, Any]:
    """Open the pane, and wait until it has an engine or says why not."""
    from PySide6 import QtCore, QtWidgets

    application = QtWidgets.QApplication([])
    (name,) = session.state.panels
    pane = session.open_panel(name)
    pane.show()
    assert pane.panel is not None
    from answerprint_nuke import host as hosts
    from answerprint_panel import session as sessions

    ours = sessions.of(hosts.this())  # the one that the panel has begun
    loop = QtCore.QEventLoop()
    QtCore.QTimer.singleShot(MOST_SECONDS * 1000, loop.quit)
    ours.engineChanged.connect(lambda _said: loop.quit())
    if ours.engine["state"] == "starting":
        loop.exec()
    engine = dict(ours.engine)
    pane.close()
    ours.shutdown()
    del pane
    application.quit()
    return engine


if __name__ == "__main__":
    main()
