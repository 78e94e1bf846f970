"""Profiles: from which number on each gate warns or blocks, for one class of tasks.

One TOML file a profile, in `profiles/`; a studio's own of the same name, in the folder that its
site's `profiles` names, is laid over it line by line.

    name = "denoise"
    version = 1
    calibrated = "sha256 of the set"        # absent: the limits are judgement, nothing measured them
    set = "where that set comes from, and how to build it again"

    [gates]
    highlights = { warn = 0.05 }
    nonfinite = { block = 0 }
    structure = "off"
    flicker = "measured"                    # a number in the plot, and no limit
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator, model_validator

from answerprint import gates as gates_of
from answerprint.documents import Document, OpenDocument, did_you_mean, explain
from answerprint.errors import SetupError
from answerprint.gate import Level
from answerprint.site import Site
from answerprint.verdict import Profiled

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

NONE = "none"  # what a task without a profile gets: the gates that every take has
OURS = Path(__file__).with_name("profiles")
MOST_BYTES = 1 << 18

_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")

Number = Annotated[float, Field(allow_inf_nan=False)]


class Rule(Document):
    """One gate's line. Neither number: it is only measured.

    A number above `warn` is a warning, one above `block` a failure; with both, `warn` comes first.
    """

    warn: Number | None = None
    block: Number | None = None
    off: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> Rule:
        if self.warn is not None and self.block is not None and self.block < self.warn:
            raise ValueError("block is below warn, so that it would never warn")
        return self

    @property
    def limit(self) -> float | None:
        """The number from which on it speaks; None: it never does."""
        return self.block if self.warn is None else self.warn

    @property
    def level(self) -> Level:
        """What it means to be over `limit`."""
        return "warn" if self.warn is not None or self.block is None else "block"


OFF = Rule(off=True)
_WORDS = {"off": OFF, "measured": Rule()}


class Profile(OpenDocument):
    """All lines of a profile. A gate that it does not name is off.

    calibrated   digest of the set that its limits were measured on; None: nothing measured them
    set          where that set comes from, and how to build it again
    site         whether a studio's own file was laid over ours
    """

    name: str
    version: Annotated[int, Field(ge=1)]
    calibrated: str | None = None
    set: str = ""
    gates: dict[str, Rule] = {}
    site: bool = False

    @field_validator("gates", mode="before")
    @classmethod
    def _spelled_out(cls, lines: Any) -> Any:
        """'off' and 'measured' as rules; an empty table says nothing."""
        if not isinstance(lines, Mapping):
            return lines
        return {name: _rule(name, line) for name, line in lines.items()}

    def rule(self, gate: str) -> Rule:
        return self.gates.get(gate, OFF)

    @property
    def told(self) -> Profiled:
        """As a verdict names it."""
        return Profiled(
            name=self.name, version=self.version, calibrated=self.calibrated, site=self.site
        )


def load(name: str, site: Site, known: Collection[str] | None = None) -> Profile:
    """Ours, with the studio's laid over it; or the studio's alone, where we have none.

    known   names of the gates that there are; None: all that are found here

    Raises:
        SetupError: there is no such profile; a file is too large or no TOML; a line is wrong, or
            names a gate that is not there.
    """
    held = gates_of.found().keys() if known is None else known
    files = [file for file in _files(name, site) if file.is_file()]
    if not files:
        listed = names(site)
        raise SetupError(
            f"There is no profile '{name}' of quality checks.{did_you_mean(name, listed)}",
            remedy=f"The profiles are {', '.join(listed)}.",
        )
    read = [(_read(file, held), file) for file in files]
    merged: dict[str, Any] = {"name": name, "version": 1}
    for document, _ in read:
        lines = {**merged.get("gates", {}), **document.get("gates", {})}
        merged = {**merged, **document, "gates": lines}
    own = files[-1].parent != OURS
    found = _profile({**merged, "site": own}, files[-1])
    if found.name != name:
        raise _wrong(files[-1], f"name is '{found.name}'; the file is {name}'s")
    return found


def names(site: Site) -> list[str]:
    """Of all profiles that there are here."""
    folders = [OURS, *([site.profiles] if site.profiles else [])]
    found = {file.stem for folder in folders for file in folder.glob("*.toml")}
    return sorted(name for name in found if _NAME.fullmatch(name))


def _files(name: str, site: Site) -> list[Path]:
    """Ours first. A name comes from a contract, so it is no way to another folder."""
    if not _NAME.fullmatch(name):
        return []
    folders = [OURS, *([site.profiles] if site.profiles else [])]
    return [folder / f"{name}.toml" for folder in folders]


def _read(file: Path, known: Collection[str]) -> dict[str, Any]:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise _wrong(file, f"it is larger than {MOST_BYTES:,} bytes")
        found: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _wrong(file, str(error)) from error
    whole = _profile({"name": file.stem, "version": 1, **found}, file)
    for name in whole.gates:
        if name not in known:
            raise _wrong(
                file, f"gates.{name}: there is no gate '{name}'.{did_you_mean(name, known)}"
            )
    return found


def _profile(document: dict[str, Any], file: Path) -> Profile:
    try:
        return Profile.model_validate(document)
    except ValidationError as error:
        raise _wrong(file, explain(error)) from error


def _rule(name: str, line: Any) -> Any:
    if isinstance(line, str):
        if line not in _WORDS:
            raise ValueError(f'{name} is \'{line}\'; it may be "off" or "measured"')
        return _WORDS[line]
    if isinstance(line, Mapping) and not line:
        raise ValueError(f'{name} is empty; write {{ warn = NUMBER }}, "off" or "measured"')
    return line


def _wrong(file: Path, fault: str) -> SetupError:
    return SetupError(
        f"The profile {file.as_posix()} is wrong: {fault.rstrip('.?')}"
        f"{'?' if fault.endswith('?') else '.'}",
        remedy="Correct the line; a gate's line is { warn = 0.05 }, { block = 0 }, "
        '"off" or "measured".',
    )
