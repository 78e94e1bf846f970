"""Colours of hosts: dark as Nuke's, light as Houdini's light scheme."""

from __future__ import annotations

from answerprint_panel.qt import QtGui

_GROUPS = QtGui.QPalette.ColorGroup
_ROLES = QtGui.QPalette.ColorRole


def palette(
    window: str, base: str, button: str, text: str, highlight: str, highlighted: str
) -> QtGui.QPalette:
    made = QtGui.QPalette()
    for group in (_GROUPS.Active, _GROUPS.Inactive, _GROUPS.Disabled):
        for role, colour in (
            (_ROLES.Window, window),
            (_ROLES.Base, base),
            (_ROLES.Button, button),
            (_ROLES.WindowText, text),
            (_ROLES.Text, text),
            (_ROLES.ButtonText, text),
            (_ROLES.Highlight, highlight),
            (_ROLES.HighlightedText, highlighted),
        ):
            made.setColor(group, role, QtGui.QColor(colour))
    return made


DARK = palette("#323232", "#242424", "#464646", "#e4e4e4", "#e2933a", "#141414")
LIGHT = palette("#ebebeb", "#fbfbfb", "#dadada", "#161616", "#2f6a9f", "#ffffff")
HOUDINI = palette("#3a3a3a", "#282828", "#4d4d4d", "#dcdcdc", "#b98b2b", "#101010")
