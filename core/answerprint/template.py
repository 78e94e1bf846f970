"""Templates: where in a script's path its show and shot stand, as a site writes it.

/shows/{show}/{sequence}/{shot}/*    {word}: a folder's name, or a part of it
                                     *: anything within a name; last of all, anything below
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from answerprint.mapping import HERE

MOST_LETTERS = 1000

_PLACE = re.compile(r"\{([a-z]+)\}")
_PIECE = re.compile(r"\{[a-z]+\}|\*")


def _checked(text: str) -> str:
    places = _PLACE.findall(text)
    rest = _PLACE.sub("", text)
    if len(text) > MOST_LETTERS or "{" in rest or "}" in rest:
        raise ValueError(f"'{text[:80]}' is no path with places like {{show}} in it")
    if not {"show", "shot"} & set(places):
        raise ValueError(f"'{text}' says neither where {{show}} nor where {{shot}} stands")
    if len(set(places)) < len(places):
        raise ValueError(f"'{text}' names a place twice")
    return text


Template = Annotated[str, AfterValidator(_checked)]


def read(template: Template, path: str) -> dict[str, str] | None:
    """What stands in a path in a template's places, by name; None where the path does not fit it."""
    head = template.removesuffix("/*")
    spelled = "".join(map(_pattern, _pieces(head))) + ("" if head == template else "/.+")
    found = re.fullmatch(spelled, path, re.IGNORECASE if HERE == "windows" else 0)
    return None if found is None else dict(found.groupdict())


def _pieces(template: str) -> list[str]:
    return [piece for piece in re.split(f"({_PIECE.pattern})", template) if piece]


def _pattern(piece: str) -> str:
    place = _PLACE.fullmatch(piece)
    if place:
        return f"(?P<{place[1]}>[^/]+)"
    return "[^/]*" if piece == "*" else re.escape(piece)
