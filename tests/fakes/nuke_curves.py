"""Animation of knobs: curves with keys, and expressions of the simplest kind."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import nuke_session as session
from nuke_guard import Guarded

Lookup = Callable[[str], float]

_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_CALLS: dict[str, Callable[..., float]] = {
    "sin": math.sin,
    "cos": math.cos,
    "sqrt": math.sqrt,
    "floor": math.floor,
    "ceil": math.ceil,
    "int": math.trunc,
    "abs": abs,
    "min": min,
    "max": max,
    "clamp": lambda x, low=0.0, high=1.0: min(max(x, low), high),
}


class AnimationKey(Guarded):
    def __init__(self, *args: Any) -> None:
        self.x, self.y = float(args[0]), float(args[1])


class AnimationCurve(Guarded):
    """One channel of a knob over time: keys joined by straight lines, or an expression."""

    def __init__(self, *args: Any) -> None:
        self._knob, self._index = args
        self._keys: tuple[tuple[float, float], ...] = ()
        self._expression = ""

    def _set(self, keys: Iterable[tuple[float, float]], expression: str = "") -> None:
        old, new = (self._keys, self._expression), (tuple(sorted(keys)), expression)

        def put(value: tuple[tuple[tuple[float, float], ...], str]) -> None:
            self._keys, self._expression = value

        put(new)
        what = f"{self._knob.fullyQualifiedName()} animation"
        session.changed(what, lambda: put(old), lambda: put(new))

    def knob(self) -> Any:
        return self._knob

    def knobIndex(self) -> int:
        return int(self._index)

    def knobAndFieldName(self) -> str:
        return str(self._knob.name())

    def size(self) -> int:
        return len(self._keys)

    def keys(self) -> list[AnimationKey]:
        return [AnimationKey(x, y) for x, y in self._keys]

    def noExpression(self) -> bool:
        return not self._expression

    def expression(self) -> str:
        return self._expression

    def setExpression(self, s: str) -> None:
        self._set(self._keys, s)

    def constant(self) -> bool:
        return not self._expression and len({y for _, y in self._keys}) <= 1

    def setKey(self, t: float, y: float) -> AnimationKey:
        self._set([(x, old) for x, old in self._keys if x != t] + [(float(t), float(y))])
        return AnimationKey(t, y)

    def addKey(self, keys: Iterable[AnimationKey]) -> None:
        for key in keys:
            self.setKey(key.x, key.y)

    def removeKey(self, keys: Iterable[AnimationKey]) -> None:
        gone = {key.x for key in keys}
        self._set([key for key in self._keys if key[0] not in gone])

    def clear(self) -> None:
        self._set([])

    def evaluate(self, t: float) -> float:
        if self._expression:
            return calculate(self._expression, t, self._knob._look_up)
        return between(self._keys, t)


def between(keys: tuple[tuple[float, float], ...], t: float) -> float:
    """The value at a time; before the first key and after the last one it holds."""
    if not keys:
        return 0.0
    if t <= keys[0][0]:
        return keys[0][1]
    for (left, before), (right, after) in pairwise(keys):
        if t <= right:
            return before + (after - before) * (t - left) / (right - left)
    return keys[-1][1]


def calculate(expression: str, frame: float, look_up: Lookup) -> float:
    """The value of an expression: arithmetic, `frame` (or x, t), a few functions, other knobs.

    Raises:
        RuntimeError: it is none, as nuke.expression does.
    """
    try:
        return _calculate(ast.parse(expression.strip(), mode="eval").body, frame, look_up)
    except (SyntaxError, TypeError, KeyError, ArithmeticError) as error:
        raise RuntimeError(f"{expression}: syntax error") from error


def _calculate(tree: ast.expr, frame: float, look_up: Lookup) -> float:
    if isinstance(tree, ast.Constant):
        return float(tree.value)  # type: ignore[arg-type]  # a string raises, as it should
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        return -_calculate(tree.operand, frame, look_up)
    if isinstance(tree, ast.BinOp):
        left, right = (_calculate(side, frame, look_up) for side in (tree.left, tree.right))
        return _BINARY[type(tree.op)](left, right)
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name):
        return float(_CALLS[tree.func.id](*(_calculate(one, frame, look_up) for one in tree.args)))
    name = ast.unparse(tree)
    if name in ("frame", "x", "t"):
        return frame
    if not isinstance(tree, ast.Name | ast.Attribute):
        raise TypeError(name)
    return look_up(name)
