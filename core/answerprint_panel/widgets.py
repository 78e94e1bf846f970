"""The panel's kit in one place: what sections are made of."""

from __future__ import annotations

from answerprint_panel.buttons import Button, IconButton, LinkButton, Pressed
from answerprint_panel.choices import Check, Choice
from answerprint_panel.fields import Field, Number
from answerprint_panel.labels import ElidedLabel, Icon, Line, Words
from answerprint_panel.note import TRY_AGAIN, Note
from answerprint_panel.rows import Fold, Hint, Row, across, down
from answerprint_panel.slider import Slider

__all__ = [
    "TRY_AGAIN",
    "Button",
    "Check",
    "Choice",
    "ElidedLabel",
    "Field",
    "Fold",
    "Hint",
    "Icon",
    "IconButton",
    "Line",
    "LinkButton",
    "Note",
    "Number",
    "Pressed",
    "Row",
    "Slider",
    "Words",
    "across",
    "down",
]
