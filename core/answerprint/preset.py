"""Presets: the parameters of a task under a name: a user's own, a show's, or the studio's.

home/presets/TASK/NAME.json         the user's
root/SHOW/.presets/TASK/NAME.json   the show's
site.presets/TASK/NAME.json         the studio's, which the studio writes itself
"""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from answerprint import documents, shot, site
from answerprint.contract import Value
from answerprint.curve import Curve
from answerprint.documents import Document, explain
from answerprint.errors import JobError
from answerprint.site import Site

Place = Literal["user", "show", "site"]
PLACES: tuple[Place, ...] = ("user", "show", "site")

MOST_BYTES = 1 << 20
MOST_PRESETS = 500  # of one task in one place

# as a take's name, with blanks between: a file's name on every system
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_. -]{0,58}[A-Za-z0-9_-])?")
_TASK = re.compile(r"[a-z][a-z0-9_]{0,63}")
_WINDOWS_OWN = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)( *\..*)?", re.IGNORECASE)


class Preset(Document):
    """A preset as it lies on disk: values by parameter, or curves."""

    schema_: Literal["answerprint.preset/v1"] = Field("answerprint.preset/v1", alias="schema")
    task: str
    name: str
    parameters: dict[Annotated[str, Field(min_length=1, max_length=100)], Curve | Value]


@dataclass(frozen=True)
class Listed:
    """One of a list; `problem` where it cannot be used, and then it has no parameters."""

    name: str
    task: str
    where: Place
    parameters: dict[str, Any]
    problem: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "preset": self.name,
            "task": self.task,
            "where": self.where,
            "parameters": self.parameters,
            "problem": self.problem,
        }


@dataclass(frozen=True)
class Presets:
    """The presets of a task, wherever they lie.

    root  that takes go below, with the shows in it; None: as the site says
    show  whose presets count as well; None: of none
    """

    task: str
    site: Site
    root: Path | None = None
    show: str | None = None

    def listed(self) -> list[Listed]:
        """The user's, the show's, the studio's, each by name; broken ones with their problem.

        Raises:
            JobError: the task's or the show's name can be no folder's.
        """
        return [one for where in PLACES for one in self._listed(where)]

    def _listed(self, where: Place) -> list[Listed]:
        folder = self.folder(where)
        if folder is None:
            return []
        try:
            files = _files(folder)
        except OSError as error:
            said = f"{folder.as_posix()} cannot be read: {_reason(error)}."
            return [Listed("...", self.task, where, {}, said)]
        found = [self._read(file, where) for file in files[:MOST_PRESETS]]
        if len(files) > MOST_PRESETS:
            said = f"{folder.as_posix()} holds {len(files)} presets; {MOST_PRESETS} are listed."
            found.append(Listed("...", self.task, where, {}, said))
        return found

    def _read(self, file: Path, where: Place) -> Listed:
        """A preset, or what is wrong with it: nothing that lies there is passed over in silence."""
        try:
            if where == "show":
                self.site.check_allowed(file, "Preset")
            return Listed(file.stem, self.task, where, _parameters(file, self.task))
        except JobError as error:
            return Listed(file.stem, self.task, where, {}, error.problem)
        except (OSError, ValueError) as error:
            said = f"{file.as_posix()} cannot be used: {_reason(error)}."
            return Listed(file.stem, self.task, where, {}, said)

    def save(self, name: str, parameters: str, where: Place, *, replace: bool) -> None:
        """Keep parameters, a JSON object, under a name.

        Raises:
            JobError: the name or a parameter cannot be kept, or the name is taken and `replace`
                is not said.
            TakeError: it cannot be written.
        """
        file = self._file(name, where)
        preset = _preset(self.task, name, parameters)
        try:
            held = _files(file.parent)
        except OSError as error:
            raise documents.unwritable(file.parent, error) from error
        # in any case: some systems do not tell them apart
        alike = [one for one in held if one.name.lower() == file.name.lower()]
        if alike and not replace:
            raise self._taken(alike[0])
        if not alike and len(held) >= MOST_PRESETS:
            raise JobError(
                f"{self.task} has {len(held)} presets there; {MOST_PRESETS} are listed at most.",
                remedy="Remove one first.",
            )
        if alike and file not in alike:  # it keeps the name that it is listed by
            file = alike[0]
            preset = preset.model_copy(update={"name": file.stem})
        self._write(file, preset, is_new=not alike)

    def _write(self, file: Path, preset: Preset, *, is_new: bool) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            if is_new:
                file.touch(exist_ok=False)  # of two who keep one at the same moment, one is told
            try:
                documents.write(file, preset.model_dump(mode="json", by_alias=True))
            except BaseException:
                if is_new:
                    file.unlink(missing_ok=True)
                raise
        except FileExistsError as error:
            raise self._taken(file) from error
        except OSError as error:
            raise documents.unwritable(file.parent, error) from error

    def _taken(self, file: Path) -> JobError:
        return JobError(
            f"There is a preset '{file.stem}' for {self.task} already.",
            remedy="Choose another name, or say that it is to be replaced (--replace).",
        )

    def remove(self, name: str, where: Place) -> None:
        """Raises JobError: there is none of this name there. TakeError: it cannot be removed."""
        file = self._file(name, where)
        try:
            file.unlink()
        except FileNotFoundError as error:
            raise JobError(
                f"There is no preset '{name}' for {self.task} there.",
                remedy=f"'answerprint presets {self.task}' lists those that there are.",
            ) from error
        except OSError as error:
            raise documents.unwritable(file.parent, error) from error

    def folder(self, where: Place) -> Path | None:
        """None: there is no such place. Raises JobError: a name can be no folder's."""
        if _TASK.fullmatch(self.task) is None:
            raise JobError(
                f"'{self.task[:80]}' is no task's name.",
                remedy="'answerprint tasks' lists those that there are.",
            )
        if where == "user":
            return site.home() / "presets" / self.task
        if where == "site":
            return self.site.presets and self.site.presets / self.task
        root = self.root or self.site.root
        if self.show is None or root is None:
            return None
        folder = root / shot.folder_name(self.show, "The show") / ".presets" / self.task
        self.site.check_allowed(folder, "Preset folder")  # where links on the way there lead
        return folder

    def _file(self, name: str, where: Place) -> Path:
        folder = self.folder(where)
        if folder is None or where == "site":
            raise JobError(
                "There is no show here to keep a preset for."
                if where == "show"
                else "The studio's presets are the studio's to change.",
                remedy="Keep it as your own (--to user).",
            )
        if _NAME.fullmatch(name) is None or _WINDOWS_OWN.fullmatch(name):
            raise JobError(
                f"'{name[:80]}' cannot name a preset.",
                remedy="Use up to 60 letters, digits, blanks, _, - and ., a letter or digit first.",
            )
        return folder / f"{name}.json"


def _files(folder: Path) -> list[Path]:
    names: list[str] = []
    with contextlib.suppress(FileNotFoundError):  # most tasks have no presets, and no folder
        names = [one.name for one in folder.iterdir() if one.suffix == ".json"]
    return [folder / name for name in sorted(names, key=str.lower) if not name.startswith(".")]


def _parameters(file: Path, task: str) -> dict[str, Any]:
    """Raises OSError, ValueError: it cannot be read, or is no preset of this task."""
    if not file.is_file() or file.stat().st_size > MOST_BYTES:
        raise ValueError(f"it is no file of at most {MOST_BYTES:,} bytes")
    preset = Preset.model_validate(documents.loads(file.read_text(encoding="utf-8")))
    if preset.task != task:
        raise ValueError(f"it is one for {preset.task}")
    found: dict[str, Any] = preset.model_dump(mode="json")["parameters"]
    return found


def _preset(task: str, name: str, parameters: str) -> Preset:
    if len(parameters.encode("utf-8", "replace")) > MOST_BYTES // 2:  # it is written indented
        raise _unusable(name, f"they are larger than {MOST_BYTES // 2:,} bytes")
    try:
        said = documents.loads(parameters)
        json.dumps(said, ensure_ascii=False).encode()  # half a character can be no file's
        return Preset.model_validate({"task": task, "name": name, "parameters": said})
    except ValueError as error:
        raise _unusable(name, _reason(error)) from error


def _unusable(name: str, reason: str) -> JobError:
    return JobError(
        f"The parameters of preset '{name}' cannot be kept: {reason}.",
        remedy='Give a JSON object of values or curves, like {"strength": 0.5}.',
    )


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return explain(error)
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
