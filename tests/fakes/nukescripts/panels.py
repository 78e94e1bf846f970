"""Panes made of Qt widgets, as nukescripts.panels does it: the widget is named by a string."""

from __future__ import annotations

from typing import Any as _Any

import nuke_menus as _menus
import nuke_session as _session
from nuke_guard import Guarded as _Guarded, guarded as _guarded, misuse as _misuse


class WidgetKnob(_Guarded):
    """Calls the widget's class without arguments once the pane is shown."""

    def __init__(self, widget: _Any) -> None:
        self._widget = widget

    def makeUI(self) -> _Any:
        return self._widget()


class PythonPanel(_Guarded):
    def __init__(self, title: str = "", id: str = "", scrollable: bool = True) -> None:
        del scrollable
        self._title, self._id = title, id
        self._pane: _Any = None

    def addToPane(self, pane: _Any = None) -> PythonPanel:
        self._pane = pane
        _open_panel(self._id)
        return self

    def show(self) -> None:
        _open_panel(self._id)


def _open_panel(id: str) -> _Any:
    """What a click in the Pane menu does: evaluate the string where nothing is imported, and call it."""
    _, widget = _session.state.panels[id]
    made = WidgetKnob(eval(widget, {"__name__": "__main__"})).makeUI()
    _session.state.shown.setdefault(id, []).append(made)
    return made


def _register_widget_as_panel(
    widget: str,
    name: str,
    id: str,
    create: bool = False,
) -> _Any:
    if not _session.state.gui:
        _misuse("registerWidgetAsPanel in a terminal: panes are the user interface's")
    if not isinstance(widget, str):
        raise TypeError(
            f"registerWidgetAsPanel wants a string that names the widget, not {widget!r}"
        )
    _session.state.panels[id] = (name, widget)
    _menus.menu("Pane").addCommand(name, lambda: _open_panel(id))
    return PythonPanel(name, id) if create else None


def _restore_panel(id: str) -> _Any:
    if id not in _session.state.panels:
        _session.state.messages.append(f"Can't restore panel {id}")
        return None
    return _open_panel(id)


def _unregister_panel(id: str, command: _Any) -> None:
    del command
    _session.state.panels.pop(id, None)


registerWidgetAsPanel = _guarded(
    _register_widget_as_panel, "nukescripts.panels.registerWidgetAsPanel"
)
restorePanel = _guarded(_restore_panel, "nukescripts.panels.restorePanel")
unregisterPanel = _guarded(_unregister_panel, "nukescripts.panels.unregisterPanel")
