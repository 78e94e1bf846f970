"""One parameter of a contract: its control, its value, and what has to be said about it."""

from __future__ import annotations

from typing import Any, List, Optional

from answerprint_panel.buttons import IconButton
from answerprint_panel.choices import Check, Choice
from answerprint_panel.draft import Draft, label
from answerprint_panel.faults import guarded
from answerprint_panel.fields import Field, Number, said
from answerprint_panel.host import Document
from answerprint_panel.labels import ElidedLabel
from answerprint_panel.qt import QtWidgets, Signal
from answerprint_panel.rows import Hint, Row, across, down
from answerprint_panel.slider import Slider

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
            self._show(value)
            self.curve.say("curve", f"Animate {self._name.lower()} with a curve")
        self._say(value, out)

    def _show(self, value: Any) -> None:
        if self.slider is not None:
            self.slider.show_value(value)
        if self.number is not None:
            self.number.show_value(value)
        if self.choice is not None:
            choices = [str(one) for one in self.parameter.get("choices") or []]
            self.choice.offer([(label(one), one) for one in choices], value)
        if self.check is not None and self.check.isChecked() != bool(value):
            was = self.check.blockSignals(True)
            self.check.setChecked(bool(value))
            self.check.blockSignals(was)
        if self.field is not None:
            self.field.say(str(value))

    def _say(self, value: Any, out: str) -> None:
        warning = (self.parameter.get("warn") or {}).get(value) if isinstance(value, str) else None
        wrong = self._out_of_range(value)
        if self.number is not None:
            self.number.mark(bool(wrong))
        if out:
            self.hint.say(out)
        elif wrong:
            self.hint.say(wrong, "fail", "fail")
        elif warning:
            self.hint.say(warning, "warn", "warn")
        elif self._kind not in _KINDS:
            self.hint.say(f"This panel does not know the type '{self._kind}': type its value.")
        else:
            self.hint.say("")

    def _out_of_range(self, value: Any) -> str:
        least, greatest = self.parameter.get("min"), self.parameter.get("max")
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return ""
        if least is not None and value < least:
            return f"{said(value)} is too little: it begins at {said(least)}."
        if greatest is not None and value > greatest:
            return f"{said(value)} is too much: it ends at {said(greatest)}."
        return ""

    def _make(self) -> List[QtWidgets.QWidget]:
        make = getattr(self, f"_make_{self._kind}", self._make_text)
        return list(make())

    def _make_float(self) -> List[QtWidgets.QWidget]:
        return self._numeric(whole=False)

    def _make_int(self) -> List[QtWidgets.QWidget]:
        return self._numeric(whole=True)

    def _numeric(self, *, whole: bool) -> List[QtWidgets.QWidget]:
        one = self.parameter
        unit, step = str(one.get("unit") or ""), one.get("step")
        number = self.number = Number(one.get("default", 0), whole=whole, step=step, unit=unit)
        number.changed.connect(self.changed)
        number.refused.connect(self._refused)
        least, greatest = one.get("min"), one.get("max")
        if least is None or greatest is None or (greatest - least) / (step or 1) > MOST_RATIO:
            spare = QtWidgets.QWidget()
            number.setFixedWidth(_NUMBER + 36)
            return [number, spare]
        number.setFixedWidth(_NUMBER)
        slider = self.slider = Slider(
            least, greatest, step=step, whole=whole, default=one.get("default")
        )
        slider.moved.connect(self.changed)
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
        kind = "whole number" if self._kind == "int" else "number"
        self.hint.say(f"'{text}' is no {kind}; the one from before stays.", "warn", "warn")

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
