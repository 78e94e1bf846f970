"""Parameters: their values, expressions, keyframes, menus and callbacks."""

from __future__ import annotations

import builtins
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from houdini_enums import ERRORS, EnumValue, OperationFailed, PermissionError, value  # noqa: A004
from houdini_guard import Guarded, misuse
from houdini_state import changed, state
from houdini_templates import ParmTemplate, _Menu

if TYPE_CHECKING:
    from houdini_settings import _Set

KeyframeValueNotSet = ERRORS["KeyframeValueNotSet"]
_VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z_0-9]*)\}?")
_FRAME = re.compile(r"F(\d*)")


def expanded(text: str, frame: float, node: Any = None) -> str:
    """A text with its variables: $F4, $HIP, $OS and the environment's; unknown ones stay."""

    def put(found: re.Match[str]) -> str:
        name = found.group(1)
        digits = _FRAME.fullmatch(name)
        if digits:
            return str(round(frame)).zfill(int(digits.group(1) or 0))
        known = variable(name, node)
        return found.group(0) if known is None else known

    return _VARIABLE.sub(put, text.replace("\\$", "\0")).replace("\0", "$")


def variable(name: str, node: Any = None) -> str | None:
    hip = PurePosixPath(state.hip or f"{state.start_folder}/untitled.hip")
    own = {
        "HIP": hip.parent.as_posix(),
        "HIPNAME": hip.stem,
        "HIPFILE": hip.as_posix(),
        "OS": "" if node is None else node._name,
        "FPS": f"{state.fps:g}",
        "FF": f"{state.frame:g}",
    }
    return own.get(name, state.environment.get(name, os.environ.get(name)))


class BaseKeyframe(Guarded):
    def __init__(self) -> None:
        self._frame: float | None = None
        self._expression = ""
        self._language = value("exprLanguage", "Hscript")

    def frame(self) -> float:
        if self._frame is None:
            raise KeyframeValueNotSet("The keyframe has no time")
        return self._frame

    def setFrame(self, frame: float) -> None:
        self._frame = frame

    def time(self) -> float:
        return (self.frame() - 1) / state.fps

    def setTime(self, time: float) -> None:
        self._frame = time * state.fps + 1

    def expression(self) -> str:
        return self._expression

    def setExpression(self, expression: str, language: EnumValue | None = None) -> None:
        self._expression = expression
        self._language = language or self._language


class Keyframe(BaseKeyframe):
    def __init__(self, value: float | None = None, time: float | None = None) -> None:
        super().__init__()
        self._value = value
        if time is not None:
            self.setTime(time)

    def value(self) -> float:
        if self._value is None:
            raise KeyframeValueNotSet("The keyframe has no value")
        return self._value

    def setValue(self, value: float) -> None:
        self._value = value

    def asCode(
        self,
        brief: bool = False,
        save_keys_in_frames: bool = False,
        function_name: str | None = None,
    ) -> str:
        del brief, save_keys_in_frames, function_name
        return f"{self._frame} {self._value} {self._expression}"


class Parm(Guarded):
    """One number or text. Keyframes are joined by straight lines."""

    def __init__(self, tuple_: ParmTuple, index: int) -> None:
        self._tuple, self._index = tuple_, index
        self._name = tuple_._template._names()[index]
        self._value: Any = tuple_._template._defaults()[index]
        self._expression: tuple[str, EnumValue] | None = None
        self._keys: list[Keyframe] = []
        self._locked = self._disabled = False
        self._hidden = tuple_._template._hidden

    def _attached(self) -> None:
        self._tuple._attached()

    def node(self) -> _Set:
        return self._tuple._node

    def tuple(self) -> ParmTuple:
        return self._tuple

    def parmTemplate(self) -> ParmTemplate:
        return self._tuple._template.clone()

    def name(self) -> str:
        return self._name

    def path(self) -> str:
        return f"{self._tuple._node._path()}/{self._name}"

    def description(self) -> str:
        return self._tuple._template._label

    def componentIndex(self) -> int:
        return self._index

    def isSpare(self) -> bool:
        return self._tuple._spare

    def isLocked(self) -> bool:
        return self._locked

    def lock(self, on: bool) -> None:
        self._locked = on
        changed(f"lock {self.path()}")

    def disable(self, on: bool) -> None:
        self._disabled = on

    def isDisabled(self) -> bool:
        return self._disabled

    def hide(self, on: bool) -> None:
        self._hidden = on

    def isHidden(self) -> bool:
        return self._hidden

    def isAtDefault(
        self, compare_temporary_defaults: bool = True, compare_expressions: bool = True
    ) -> bool:
        del compare_temporary_defaults, compare_expressions
        default = self._tuple._template._defaults()[self._index]
        return bool(self._value == default) and not self._keys and self._expression is None

    def isTimeDependent(self) -> bool:
        text = self._expression[0] if self._expression else self._value
        return len(self._keys) > 1 or (isinstance(text, str) and bool(re.search(r"\$\{?F", text)))

    def rawValue(self) -> str:
        if self._expression:
            return self._expression[0]
        template = self._tuple._template
        if template._type == "Menu" and isinstance(template, _Menu):
            return str(template._items()[int(self._value)])
        return str(self._value)

    def unexpandedString(self) -> str:
        if self._tuple._template._data != "String":
            raise OperationFailed(f"{self.path()} is no string")
        if self._expression:
            raise OperationFailed(f"{self.path()} has an expression")
        return str(self._value)

    def eval(self) -> Any:
        return self._at(state.frame)

    def evalAtFrame(self, frame: float) -> Any:
        return self._at(frame)

    def evalAsString(self) -> str:
        return self._text(state.frame)

    def evalAsStringAtFrame(self, frame: float) -> str:
        return self._text(frame)

    def evalAsInt(self) -> int:
        return int(self._at(state.frame))

    def evalAsIntAtFrame(self, frame: float) -> int:
        return int(self._at(frame))

    def evalAsFloat(self) -> float:
        return float(self._at(state.frame))

    def evalAsFloatAtFrame(self, frame: float) -> float:
        return float(self._at(frame))

    def evalAsNode(self) -> Any:
        return self._tuple._node._find(self._text(state.frame)) if self._value else None

    def set(
        self, value: Any, language: EnumValue | None = None, follow_parm_reference: bool = True
    ) -> None:
        del language, follow_parm_reference
        self._writable()
        if self._keys or self._expression:
            raise PermissionError(f"{self.path()} is animated: set a keyframe instead")
        self._value = self._taken(value)
        changed(f"set {self.path()}")

    def revertToDefaults(self) -> None:
        self._writable()
        self._value = self._tuple._template._defaults()[self._index]
        self._keys, self._expression = [], None
        changed(f"revert {self.path()}")

    def setExpression(
        self,
        expression: str,
        language: EnumValue | None = None,
        replace_expression: bool = True,
    ) -> None:
        del replace_expression
        self._writable()
        self._expression = (expression, language or value("exprLanguage", "Hscript"))
        changed(f"expression of {self.path()}")

    def expression(self) -> str:
        if self._expression is None:
            raise OperationFailed(f"{self.path()} has no expression")
        return self._expression[0]

    def expressionLanguage(self) -> EnumValue:
        if self._expression is None:
            raise OperationFailed(f"{self.path()} has no expression")
        return self._expression[1]

    def keyframes(self) -> builtins.tuple[Keyframe, ...]:
        return tuple(self._keys)

    def setKeyframe(self, keyframe: Keyframe) -> None:
        self._writable()
        others = [each for each in self._keys if each.frame() != keyframe.frame()]
        self._keys = sorted([*others, keyframe], key=lambda each: each.frame())
        changed(f"keyframe of {self.path()}")

    def deleteAllKeyframes(self) -> None:
        self._value = self._at(state.frame)
        self._keys, self._expression = [], None
        changed(f"keyframes of {self.path()}")

    def menuItems(self) -> builtins.tuple[str, ...]:
        return tuple(self._menu()._items())

    def menuLabels(self) -> builtins.tuple[str, ...]:
        return tuple(self._menu()._labels())

    def pressButton(self, arguments: Mapping[str, Any] | None = None) -> None:
        """What a click does, and a choice: the callback runs, here and now."""
        template = self._tuple._template
        if not template._callback:
            return
        if template._language.name() != "Python":
            misuse(f"the callback of {self.path()} is no Python: {template._callback}")
        import hou

        asked = {"node": self._tuple._node, "parm": self, "parm_name": self._name}
        asked |= {"script_value": self._text(state.frame), "script_parm": self._name}
        names: dict[str, Any] = {"hou": hou, "kwargs": {**asked, **(arguments or {})}}
        exec(template._callback, names)

    def _menu(self) -> _Menu:
        template = self._tuple._template
        if not isinstance(template, _Menu) or not template._items():
            raise OperationFailed(f"{self.path()} has no menu")
        return template

    def _writable(self) -> None:
        if self._locked:
            raise PermissionError(f"{self.path()} is locked")
        self._tuple._node._editable("parameters")

    def _taken(self, given: Any) -> Any:
        template = self._tuple._template
        if isinstance(given, Parm):
            return self._taken(given.eval())
        if template._data == "String":
            if not isinstance(given, str):
                raise TypeError(f"{self.path()} takes a string")
            return given
        if isinstance(given, str):
            if template._type != "Menu" or not isinstance(template, _Menu):
                raise TypeError(f"{self.path()} takes a number")
            if given not in template._items():
                raise OperationFailed(f"{self.path()} has no menu item {given}")
            return template._items().index(given)
        return float(given) if template._data == "Float" else int(given)

    def _at(self, frame: float) -> Any:
        if self._expression is not None:
            return _computed(self._expression[0], frame, self)
        if self._keys:
            frames = [each.frame() for each in self._keys]
            return _between(frame, frames, [each.value() for each in self._keys])
        if isinstance(self._value, str):
            return expanded(self._value, frame, self._tuple._node)
        return self._value

    def _text(self, frame: float) -> str:
        now = self._at(frame)
        template = self._tuple._template
        if template._type == "Menu" and isinstance(template, _Menu):
            items = template._items()
            return items[int(now)] if 0 <= int(now) < len(items) else ""
        return f"{now:g}" if isinstance(now, float) else str(now)


def _computed(text: str, frame: float, parm: Parm) -> Any:
    """The expressions that tests use: $F, $FF, sums of them with a number, ch("../x"), plain texts."""
    channel = re.fullmatch(r'ch\("\.\./(\w+)"\)', text)
    above = parm._tuple._node._parent
    if channel is not None and above is not None:
        return above._tuples[channel[1]]._parms[0]._at(frame)
    plain = expanded(text.replace("$FF", "$F"), frame, parm._tuple._node)
    if parm._tuple._template._data == "String":
        return plain.strip("\"'`")
    found = re.fullmatch(r"\s*([\d.]+)\s*(?:([-+*/])\s*([\d.]+))?\s*", plain)
    if found is None:
        raise OperationFailed(f"the fake knows no expression {text}")
    one, sign, other = found.groups()
    left, right = float(one), float(other or 0)
    return {"+": left + right, "-": left - right, "*": left * right, None: left}.get(sign)


def _between(frame: float, frames: list[float], values: list[float]) -> float:
    if frame <= frames[0]:
        return values[0]
    for index in range(1, len(frames)):
        if frame <= frames[index]:
            share = (frame - frames[index - 1]) / (frames[index] - frames[index - 1])
            return values[index - 1] + share * (values[index] - values[index - 1])
    return values[-1]


class ParmTuple(Guarded):
    def __init__(self, node: _Set, template: ParmTemplate, *, spare: bool) -> None:
        self._node, self._template, self._spare = node, template, spare
        self._gone = False
        self._parms = [Parm(self, index) for index in range(len(template._defaults()))]

    def _attached(self) -> None:
        if self._gone:
            raise ERRORS["ObjectWasDeleted"](f"the parameter {self._template._name}")
        self._node._attached()

    def node(self) -> _Set:
        return self._node

    def name(self) -> str:
        return self._template._name

    def description(self) -> str:
        return self._template._label

    def parmTemplate(self) -> ParmTemplate:
        return self._template.clone()

    def isSpare(self) -> bool:
        return self._spare

    def isTimeDependent(self) -> bool:
        return any(each.isTimeDependent() for each in self._parms)

    def eval(self) -> tuple[Any, ...]:
        return tuple(each.eval() for each in self._parms)

    def evalAtFrame(self, frame: float) -> tuple[Any, ...]:
        return tuple(each.evalAtFrame(frame) for each in self._parms)

    def set(
        self,
        value: Sequence[Any],
        language: EnumValue | None = None,
        follow_parm_reference: bool = True,
    ) -> None:
        del language, follow_parm_reference
        if len(value) != len(self._parms):
            raise ERRORS["InvalidSize"](f"{self._template._name} has {len(self._parms)} components")
        for each, one in zip(self._parms, value, strict=True):
            each.set(one)

    def lock(self, bool_values: Any) -> None:
        locks = [bool_values] * len(self._parms) if isinstance(bool_values, bool) else bool_values
        for each, on in zip(self._parms, locks, strict=True):
            each.lock(on)

    def disable(self, on: bool) -> None:
        for each in self._parms:
            each.disable(on)

    def hide(self, on: bool) -> None:
        for each in self._parms:
            each.hide(on)

    def revertToDefaults(self) -> None:
        for each in self._parms:
            each.revertToDefaults()

    def __getitem__(self, index: int) -> Parm:
        return self._parms[index]

    def __len__(self) -> int:
        return len(self._parms)

    def __iter__(self) -> Iterator[Parm]:
        return iter(self._parms)
