"""What every call into the fake goes through: the right thread, a node that is there, a real name.

A breach raises `Misuse` and is written down as well: code that swallows the exception cannot hide it.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar

import nuke_table as table

P = ParamSpec("P")
R = TypeVar("R")

# What was done that a real Nuke would not have borne; `nuke_session.check` wants it empty
violations: list[str] = []

_ENTERED = ("__init__", "__getitem__", "__enter__", "__exit__", "__len__", "__contains__")


class Misuse(AssertionError):
    """The real Nuke would crash, hang or misbehave here."""


def misuse(what: str) -> NoReturn:
    violations.append(what)
    raise Misuse(what)


def on_main_thread(name: str) -> None:
    if threading.current_thread() is not threading.main_thread():
        misuse(f"{name} was called on the thread {threading.current_thread().name}")


def guarded(call: Callable[P, R], name: str | None = None) -> Callable[P, R]:
    """A function of Nuke's, for the main thread alone."""
    said = name or f"nuke.{call.__name__}"

    @wraps(call)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        on_main_thread(said)
        return call(*args, **kwargs)

    return checked


class Guarded:
    """A class of Nuke's: each public method is checked, and what the table lacks is not there."""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        for name, value in list(vars(cls).items()):
            if name.startswith("_") and name not in _ENTERED:
                continue
            said = f"{cls.__name__}.{name}"
            if isinstance(value, staticmethod):
                setattr(cls, name, staticmethod(guarded(value.__func__, said)))
            elif inspect.isfunction(value):
                setattr(cls, name, _method(value, said))

    def _attached(self) -> None:
        """Raises ValueError where what this stands for has been deleted."""

    if not TYPE_CHECKING:  # a type checker must not think that every name is there

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            classes = [each.__name__ for each in type(self).__mro__]
            missing(f"{type(self).__name__}.{name}", table.method(classes, name))


def missing(name: str, known: str | None) -> NoReturn:
    """A name that is not in the fake: unknown to the table as well, or only not built here."""
    if known is not None:
        violations.append(f"{name}{known} is real, but the fake has none yet")
        raise NotImplementedError(f"the fake nuke has no {name}{known}")
    violations.append(f"{name} is not in nuke_api.json")
    raise AttributeError(f"'{name}' does not exist in Nuke {table.API['nuke_version_of_stubs']}")


def _method(call: Callable[..., R], said: str) -> Callable[..., R]:
    @wraps(call)
    def checked(self: Guarded, *args: Any, **kwargs: Any) -> R:
        on_main_thread(said)
        if call.__name__ != "__init__":
            self._attached()
        return call(self, *args, **kwargs)

    return checked
