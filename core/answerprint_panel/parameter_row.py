"""One parameter of a contract: its control, its value, and what has to be said about it."""

from __future__ import annotations

from typing import Any, List, Optional, Tuple

from answerprint_panel.buttons import IconButton
from answerprint_panel.choices import Check, Choice
from answerprint_panel.draft import Draft, label
from answerprint_panel.faults import guarded
from answerprint_panel.fields import Field, Number
from answerprint_panel.grid import Grid
from answerprint_panel.host import Document
from answerprint_panel.labels import ElidedLabel
from answerprint_panel.qt import QtWidgets, Signal
from answerprint_panel.rows import Hint, Row, across, down
from answerprint_panel.slider import Slider
from answerprint_panel.values import problem, refused

_NUMBER = 72
MOST_RATIO = 10_000  # a slider over more steps than this hits nothing that anybody means
_KINDS = ("float", "int", "choice", "bool", "text")


class ParameterRow(QtWidgets.QWidget):
    """`changed` with a value, `animated` when a curve is asked for or given back."""

    changed = Signal(object)
    animated = Signal()

    def __init__(self, parameter: Document, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self.parameter = parameter
        self._name = label(str(parameter["name"]))
        self._kind = str(parameter.get("type"))
        self.slider: Optional[Slider] = None
        self.number: Optional[Number] = None
        self.choice: Optional[Choice] = None
        self.check: Optional[Check] = None
        self.field: Optional[Field] = None
        self._value: Any = parameter.get("default")
        self._kept: Optional[Tuple[str, Any]] = None  # what was refused, and the value that stayed
        self.from_curve = ElidedLabel(role="text")
        self.from_curve.hide()
        self.curve = IconButton("curve", f"Animate {self._name.lower()} with a curve")
        self.curve.setVisible(bool(parameter.get("animatable")))
        self.curve.clicked.connect(self.animated)
        self.hint = Hint()
        self._controls = self._make()
        line = across(*self._controls, self.from_curve, self.curve)
        line.setStretch(0, 1)
        self.row = Row(self._name, line, self.hint)
        self.row.setToolTip(self._help())
        self.setLayout(down(self.row))
        for control in self._controls:
            self._describe(control)

    def show_state(self, draft: Draft) -> None:
        value = draft.value(self.parameter)
        self._value, wrong = value, problem(self.parameter, value)
        curve = isinstance(value, dict)
        out = draft.ruled_out(self.parameter)
        for control in self._controls:
            control.setVisible(not curve)
            control.setEnabled(not out)
        self.from_curve.setVisible(curve)
        self.row.changed(draft.is_changed(self.parameter))
        if curve:
            self.from_curve.say(f"from {value.get('from') or 'a curve'}")
            self.curve.say("close", f"Back from the curve to one value for {self._name.lower()}")
        else:
            self._show(value, wrong)
            self.curve.say("curve", f"Animate {self._name.lower()} with a curve")
        self._say(value, out, wrong)

    def _show(self, value: Any, wrong: str) -> None:
        """A value that cannot be used stands there as it is, and the hint says what is wrong."""
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if self.slider is not None:
            self.slider.show_value(value if number else self.parameter.get("default", 0))
        if self.number is not None and number:
            self.number.show_value(value)
        elif self.number is not None:
            self.number.show_text(str(value))
        if self.choice is not None:
            choices = [str(one) for one in self.parameter.get("choices") or []]
            items: List[Tuple[str, Any]] = [(label(one), one) for one in choices]
            self.choice.offer([*items, *([(str(value), value)] if wrong else [])], value)
        on = value is True
        if self.check is not None and self.check.isChecked() != on:
            was = self.check.blockSignals(True)
            self.check.setChecked(on)
            self.check.blockSignals(was)
        if self.field is not None:
            self.field.say(str(value))

    def _say(self, value: Any, out: str, wrong: str) -> None:
        warning = (self.parameter.get("warn") or {}).get(value) if isinstance(value, str) else None
        for field in (self.number, self.field):
            if field is not None:
                field.mark(bool(wrong))
        if self._kept is not None and self._kept[1] != value:
            self._kept = None
        if out and not wrong:
            self.hint.say(out)
        elif wrong:
            self.hint.say(wrong, "fail", "fail")
        elif self._kept is not None:
            self.hint.say(self._kept[0], "warn", "warn")
        elif warning:
            self.hint.say(warning, "warn", "warn")
        elif self._kind not in _KINDS:
            self.hint.say(f"This panel does not know the type '{self._kind}': type its value.")
        else:
            self.hint.say("")

    def _make(self) -> List[QtWidgets.QWidget]:
        make = getattr(self, f"_make_{self._kind}", self._make_text)
        return list(make())

    def _make_float(self) -> List[QtWidgets.QWidget]:
        return self._numeric(whole=False)

    def _make_int(self) -> List[QtWidgets.QWidget]:
        return self._numeric(whole=True)

    def _numeric(self, *, whole: bool) -> List[QtWidgets.QWidget]:
        one = self.parameter
        start = one.get("default")
        default = start if isinstance(start, (int, float)) else 0
        grid = Grid(one.get("min"), one.get("max"), one.get("step"), whole, default)
        number = self.number = Number(
            default, whole=whole, grid=grid, unit=str(one.get("unit") or "")
        )
        number.changed.connect(self._changed)
        number.refused.connect(self._refused)
        if not grid.width or grid.width / grid.stride > MOST_RATIO:
            spare = QtWidgets.QWidget()
            number.setFixedWidth(_NUMBER + 36)
            return [number, spare]
        number.setFixedWidth(_NUMBER)
        slider = self.slider = Slider(grid, default=default)
        slider.moved.connect(self._changed)
        return [slider, number]

    def _make_choice(self) -> List[QtWidgets.QWidget]:
        choice = self.choice = Choice()
        choice.chosen.connect(self.changed)
        return [choice]

    def _make_bool(self) -> List[QtWidgets.QWidget]:
        words = str(self.parameter.get("help") or "On").partition(". ")[0].rstrip(".")
        check = self.check = Check(words)
        check.toggled.connect(lambda on: self.changed.emit(bool(on)))
        return [check]

    def _make_text(self) -> List[QtWidgets.QWidget]:
        field = self.field = Field(unit=str(self.parameter.get("unit") or ""))
        field.edited.connect(self.changed.emit)
        return [field]

    @guarded
    def _refused(self, text: str) -> None:
        said = refused(text, whole=self._kind == "int")
        self._kept = (said, self._value)
        self.hint.say(said, "warn", "warn")

    @guarded
    def _changed(self, value: Any) -> None:
        self._kept = None
        self.changed.emit(value)

    def _help(self) -> str:
        default = self.parameter.get("default")
        word = {True: "on", False: "off"}.get(default) if isinstance(default, bool) else default
        unit = str(self.parameter.get("unit") or "")
        usual = f"Usually {word}{' ' + unit if unit else ''}."
        return f"{self.parameter.get('help') or ''} {usual}".strip()

    def _describe(self, control: QtWidgets.QWidget) -> None:
        if isinstance(control, Field):
            control.name(self._name, self._help())
            return
        control.setAccessibleName(self._name)
        control.setAccessibleDescription(self._help())
        control.setToolTip(self._help())
