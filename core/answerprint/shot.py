"""Shots: which show and shot a script belongs to, and where what it renders and makes goes."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from answerprint import template
from answerprint.errors import JobError
from answerprint.job import Name
from answerprint.site import Site

PARTS = ("show", "sequence", "shot")
LONGEST = 60

_NAME: TypeAdapter[str] = TypeAdapter(Name)


@dataclass(frozen=True)
class Where:
    """Where a script's takes go: root/show/shot/name/v###.

    sequence  stands between show and shot in the title alone: takes lie below show and shot
    renders   the folder for what a host renders of one node in one state; None: of none was asked
    notes     what has to be said of it
    """

    root: Path
    show: str | None
    sequence: str | None
    shot: str | None
    renders: Path | None
    notes: tuple[str, ...]

    @property
    def title(self) -> str:
        return " / ".join(part for part in (self.show, self.sequence, self.shot) if part)

    def as_json(self) -> dict[str, Any]:
        return {
            "root": self.root.as_posix(),
            "show": self.show,
            "sequence": self.sequence,
            "shot": self.shot,
            "title": self.title,
            "renders": self.renders and self.renders.as_posix(),
            "problem": " ".join(self.notes),
        }


def where(
    script: Path | None,
    site: Site,
    *,
    node: str | None = None,
    key: str = "",
    environ: Mapping[str, str] = os.environ,
) -> Where:
    """Where a script's takes go; `script`: its path, None while it has no name.

    The environment says show and shot, or else the first of the site's templates that fits.

    Raises:
        JobError: an unsaved script with no root to go by; a name that no folder can have; a root
            outside the allowed ones.
    """
    root = _root(script, site)
    site.check_allowed(root, "Output folder")
    said = _said(script, site, environ)
    parts, notes = {}, []
    for part in PARTS:
        if said.get(part):
            parts[part] = folder_name(said[part], f"The {part}")
            if parts[part] != said[part]:
                notes.append(
                    f"The {part} '{said[part]}' is called {parts[part]} here: its own name cannot be "
                    "a folder's on every system."
                )
    show, shot = parts.get("show"), parts.get("shot")
    below = root.joinpath(*(part for part in (show, shot) if part))
    renders = None if node is None else below / "renders" / _of_node(node, key)
    return Where(root, show, parts.get("sequence"), shot, renders, tuple(notes))


def folder_name(text: str, what: str) -> str:
    """A name that any system can give a folder, as near to the text as can be.

    Raises:
        JobError: nothing of the text can stand in it; `what` begins the sentence.
    """
    kept = re.sub(r"[^A-Za-z0-9_.-]", "_", text).strip("_.-")[:LONGEST].rstrip(".")
    try:
        return _NAME.validate_python(kept)
    except ValidationError as error:
        raise JobError(
            f"{what} '{text}' cannot name a folder.",
            remedy="Use letters, digits, _, - and . in its name; what Windows keeps for itself, "
            "like con and aux, cannot be one.",
        ) from error


def _root(script: Path | None, site: Site) -> Path:
    if site.root is not None:
        return site.root.absolute()
    if script is None:
        raise JobError(
            "The script has no name yet, so there is no place for its takes.",
            remedy="Save the script first: takes go beside it. Or name a root in the site file.",
        )
    return script.absolute().parent / "takes"


def _said(script: Path | None, site: Site, environ: Mapping[str, str]) -> dict[str, str]:
    own = {part: environ.get(f"ANSWERPRINT_{part.upper()}", "") for part in ("show", "shot")}
    if any(own.values()) or script is None:
        return own
    return _by_templates(script, site)


def show(path: Path, site: Site) -> str | None:
    """The show that a file is of, by the site's templates and as takes have it; None: of none."""
    named = _by_templates(path, site).get("show")
    if not named:
        return None
    try:
        return folder_name(named, "The show")
    except JobError:
        return None


def _by_templates(path: Path, site: Site) -> dict[str, str]:
    spelled = path.absolute().as_posix()
    fitting = (template.read(one, spelled) for one in site.context)
    return next((found for found in fitting if found is not None), {})


def _of_node(node: str, key: str) -> str:
    digest = hashlib.sha256(f"{node}\0{key}".encode("utf-8", "replace")).hexdigest()[:8]
    return f"{folder_name(node, 'The node')}_{digest}"
