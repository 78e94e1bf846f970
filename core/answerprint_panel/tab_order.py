"""The way of the Tab key: as the eye goes, top to bottom, left to right."""

from __future__ import annotations

from typing import Iterator

from answerprint_panel.qt import Qt, QtWidgets


def follow(*roots: QtWidgets.QWidget) -> None:
    """Have the Tab key go through widgets' controls in the order that layouts have them."""
    stops = [stop for root in roots for stop in _stops(root)]
    for before, after in zip(stops, stops[1:]):
        QtWidgets.QWidget.setTabOrder(before, after)


def _stops(widget: QtWidgets.QWidget) -> Iterator[QtWidgets.QWidget]:
    if widget.focusProxy() is None and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
        yield widget
    proxy = widget.focusProxy()
    if proxy is not None:
        yield proxy
        return
    if isinstance(widget, QtWidgets.QComboBox):
        return
    layout = widget.layout()
    if layout is not None:
        yield from _inside(layout)


def _inside(layout: QtWidgets.QLayout) -> Iterator[QtWidgets.QWidget]:
    for place in range(layout.count()):
        item = layout.itemAt(place)
        widget = item.widget() if item is not None else None
        below = item.layout() if item is not None else None
        if widget is not None:
            yield from _stops(widget)
        elif below is not None:
            yield from _inside(below)
