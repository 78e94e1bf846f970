"""A model's config.pbtxt as text: its fields found and changed, everything else left as it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator

_UNSEEN = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|#[^\n]*')
_VALUE = re.compile(rf"(?:{_UNSEEN.pattern}|[\w.+-]+)\s*[,;]?")
_OPEN, _CLOSE = "{[", "}]"


def has(config: str, field: str) -> bool:
    """Whether a field is there, at any depth."""
    return re.search(rf"\b{field}\b", _bare(config)) is not None


def is_ensemble(config: str) -> bool:
    """Whether the model is a chain of others, and is not executed itself."""
    return has(config, "ensemble_scheduling")


def without(config: str, field: str) -> str:
    """It, less a field of one word or text at the outermost level."""
    bare = _bare(config)
    for match in reversed(list(re.finditer(rf"\b{field}\s*:\s*", bare))):
        if _depth(bare, match.start()) == 0:
            value = _VALUE.match(config, match.end())
            config = config[: match.start()] + config[value.end() if value else match.end() :]
    return config


def with_groups(config: str, added: str, *, count: int | None = None) -> str:
    """It, with `added` in each instance group and `count` instances in each; None: as they are.

    A configuration without groups gets one.
    """
    groups = list(_groups(config))
    if not groups:
        size = "" if count is None else f"count: {count} "
        return f"{config.rstrip()}\ninstance_group [ {{ {size}{added} }} ]\n"
    for start, end in reversed(groups):
        group = config[start:end]
        if count is not None:
            group = f" count: {count}{without(group, 'count')}"
        config = f"{config[:start]} {added}{group}{config[end:]}"
    return config


def _groups(config: str) -> Iterator[tuple[int, int]]:
    """Where the text between the braces of each instance group begins and ends."""
    bare = _bare(config)
    for match in re.finditer(r"\binstance_group\s*:?\s*(?=[\[{])", bare):
        if _depth(bare, match.start()) == 0:
            end = _end(bare, match.end())
            inner = match.end() if bare[match.end()] == "{" else match.end() + 1
            while (brace := bare.find("{", inner, end)) >= 0:
                inner = _end(bare, brace)
                yield brace + 1, inner - 1


def _end(bare: str, start: int) -> int:
    """Where the bracket that opens at `start` has been closed."""
    depth = 0
    for place in range(start, len(bare)):
        depth += (bare[place] in _OPEN) - (bare[place] in _CLOSE)
        if depth == 0:
            return place + 1
    return len(bare)  # never closed: Triton says so when it loads the model


def _depth(bare: str, place: int) -> int:
    before = bare[:place]
    return sum(map(before.count, _OPEN)) - sum(map(before.count, _CLOSE))


def _bare(config: str) -> str:
    """It, with quotes alone for texts and comments: what they say is not taken for fields."""
    return _UNSEEN.sub(lambda match: '"' * len(match[0]), config)
