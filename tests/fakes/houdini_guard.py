"""What every call into the fake goes through: the right thread, a real name, arguments as the stubs say.

A breach raises, and is written down as well: code that swallows the exception cannot hide it.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar

import houdini_table as table
from houdini_state import state

P = ParamSpec("P")
R = TypeVar("R")

# What was done that a real Houdini would not have borne; `houdini_session.check` wants it empty
violations: list[str] = []

_ENTERED = ("__getitem__", "__enter__", "__exit__", "__len__")


class Misuse(AssertionError):
    """The real Houdini would crash, hang or misbehave here."""


def misuse(what: str) -> NoReturn:
    violations.append(what)
    raise Misuse(what)


def on_main_thread(name: str) -> None:
    if threading.current_thread() is not threading.main_thread():
        misuse(f"{name} was called on the thread {threading.current_thread().name}")


def absent(name: str, has: tuple[str, ...]) -> NoReturn:
    """A name that is not in the fake: unknown, only in a version that is not asked for, or not built."""
    if all(version in has for version in state.versions):
        violations.append(f"{name} is real, but the fake has none yet")
        raise NotImplementedError(f"the fake hou has no {name}")
    if not has:
        violations.append(f"{name} is in no Houdini that hou_api.json knows")
        raise AttributeError(violations[-1])
    raise AttributeError(f"{name} is only in Houdini {', '.join(has)}")


def fitting(said: str, text: str, version: str, args: tuple[Any, ...], kwargs: Any) -> None:
    """Raises TypeError: a stub knows no such call."""
    found = table.signature(text)
    if found is None:
        return
    signature, types = found
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        violations.append(f"{said}{text}: {error}")
        raise
    for name, value in bound.arguments.items():
        kind = types.get(name)
        if value is not ... and kind is not None and not table.fits(value, kind, version):
            _wrong(f"{said}{text}: {name} is {value!r:.80}, in Houdini {version}")
        of = table.ENUMERATION.get(name, "")
        enumerated = bool(of) and isinstance(value, table.BUILT["EnumValue"])
        if enumerated and not repr(value).startswith(f"{of}."):
            _wrong(f"{said}: {name} is {value!r}, and no hou.{of}")


def _wrong(what: str) -> NoReturn:
    violations.append(what)
    raise TypeError(what)


def function(call: Callable[P, R]) -> Callable[P, R]:
    """A function of the module `hou`."""
    said = f"hou.{call.__name__}"
    if not table.known(call.__name__):
        raise NameError(f"{said} is in no stub")

    @wraps(call)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        on_main_thread(said)
        for version in state.versions:
            text = table.functions(version).get(call.__name__)
            if text is not None:
                fitting(said, text, version, args, kwargs)
        return call(*args, **kwargs)

    return checked


class Known(type):
    """A class of Houdini's, whose own attributes are looked up as well: hou.ui.something."""

    if not TYPE_CHECKING:  # a type checker must not think that every name is there

        def __getattr__(cls, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            absent(f"hou.{cls.__name__}.{name}", _having(cls, name))


class Guarded(metaclass=Known):
    """Each public method is checked against the stubs; a test's own names begin with an underscore."""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if not cls.__name__.startswith("_"):
            table.BUILT[cls.__name__] = cls
        for name, value in list(vars(cls).items()):
            if name.startswith("_") and name not in _ENTERED:
                continue
            static = isinstance(value, staticmethod)
            if static or inspect.isfunction(value):
                call = value.__func__ if isinstance(value, staticmethod) else value
                if not cls.__name__.startswith("_") and not _having(cls, name):
                    raise NameError(f"hou.{cls.__name__}.{name} is in no stub")
                setattr(cls, name, staticmethod(_static(cls, call)) if static else _method(call))

    def _attached(self) -> None:
        """Raises hou.ObjectWasDeleted where what this stands for is gone."""

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            absent(f"hou.{type(self).__name__}.{name}", _having(type(self), name))


def _having(cls: type, name: str) -> tuple[str, ...]:
    """The versions whose stub has a method, of a class or of what it is built on."""
    return tuple(_lines(cls, name))


def _checked(cls: type, name: str, args: tuple[Any, ...], kwargs: Any) -> None:
    said = f"hou.{cls.__name__}.{name}"
    on_main_thread(said)
    lines = _lines(cls, name)
    if not all(version in lines for version in state.versions):
        absent(said, _having(cls, name))
    for version in state.versions:
        fitting(said, lines[version], version, args, kwargs)


@cache
def _lines(cls: type, name: str) -> dict[str, str]:
    """A method's signature in each version that has it."""
    chain = [each.__name__ for each in cls.__mro__]
    found = {v: [table.method(each, name, v) for each in chain] for v in table.VERSIONS}
    lines = {v: next((one for one in texts if one), None) for v, texts in found.items()}
    return {version: line for version, line in lines.items() if line is not None}


def _method(call: Callable[..., R]) -> Callable[..., R]:
    @wraps(call)
    def checked(self: Guarded, *args: Any, **kwargs: Any) -> R:
        _checked(type(self), call.__name__, (self, *args), kwargs)
        self._attached()
        return call(self, *args, **kwargs)

    return checked


def _static(cls: type, call: Callable[..., R]) -> Callable[..., R]:
    @wraps(call)
    def checked(*args: Any, **kwargs: Any) -> R:
        _checked(cls, call.__name__, args, kwargs)
        return call(*args, **kwargs)

    return checked
