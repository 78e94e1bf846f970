"""Lanes: a model repository made of another, in which a single frame overtakes farm work.

Each model is there twice, as `denoise` and as `denoise-farm`, and Triton's rate limiter lets the
first go before the second. Weights are in memory twice. For a container, whose repository is a
volume:

    python -m answerprint_server.lanes DIR --at-once 2

writes the repository to DIR, as copies, and prints the arguments that tritonserver needs for it.
"""

from __future__ import annotations

import argparse
import os
import re
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from answerprint import documents
from answerprint.errors import AnswerprintError, SourceError, TakeError
from answerprint.offer import FARM
from answerprint_server import alive, pbtxt, repository

RESOURCE = "device"
PLAN = "lanes.json"  # beside the models that were made: how
_HOLDER = re.compile(r"lanes_(\d+)_(\d+\.\d+)_[0-9a-f]+")
SINGLE_PRIORITY, FARM_PRIORITY = 1, 10  # the smaller number goes first
MOST_AT_ONCE = 64

_Count = Annotated[int, Field(ge=1, le=MOST_AT_ONCE)]


class Plan(documents.Document):
    """How the models of a repository share the machine.

    Raises pydantic.ValidationError: a number is none from 1 to 64.

    farm        each has a second model for runs of many frames, and single frames go first
    at_once     with `farm`: so many frames of all models together are worked on at once
    instances   of each model; None: as its own configuration says
    """

    farm: bool = False
    at_once: _Count = 1
    instances: _Count | None = None

    def changes(self) -> bool:
        """Whether the models cannot be served as they are."""
        return self.farm or self.instances is not None


@contextmanager
def laid(models: Path, beside: Path, plan: Plan) -> Iterator[Path]:
    """The repository to serve: `models` itself, or one made anew below `beside`, of links to it.

    It goes at the end; one that a killed process left goes at the next start.

    Raises:
        SourceError: a model has a rate limiter of its own.
        TakeError: it cannot be written; DiskFull if there is no space.
    """
    clear_orphans(beside)
    if not plan.changes():
        yield models
        return
    me = os.getpid()
    folder = beside / f"lanes_{me}_{alive.born(me):.2f}_{secrets.token_hex(3)}"
    try:
        lay(models, folder, plan, place=_link)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def clear_orphans(beside: Path) -> None:
    """Remove the repositories of processes that are gone."""
    for folder in beside.glob("lanes_*"):
        holder = _HOLDER.fullmatch(folder.name)
        if holder and not alive.is_same(int(holder[1]), float(holder[2])):
            shutil.rmtree(folder, ignore_errors=True)


def lay(models: Path, folder: Path, plan: Plan, *, place: Callable[[Path, Path], object]) -> None:
    """Write all of the repository, or nothing. `place` brings a file or folder to its new path.

    Raises:
        SourceError: a model has a rate limiter of its own, or the folder is there already.
        TakeError: it cannot be written; DiskFull if there is no space.
    """
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise SourceError(
            f"{folder.as_posix()} is there already.", remedy="Name a folder that is not there yet."
        ) from None
    except OSError as error:
        raise documents.unwritable(folder, error) from error
    try:
        _fill(models, folder, plan, place)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise _unlaid(folder, error) from error
        raise


def _unlaid(folder: Path, error: OSError) -> TakeError:
    if documents.no_space(error):
        return documents.unwritable(folder, error)
    return TakeError(
        f"The repository {folder.as_posix()} cannot be made: {error.strerror}, {error.filename}.",
        remedy="Check that the models are whole, and that you may read them and write there.",
    )


def _fill(models: Path, folder: Path, plan: Plan, place: Callable[[Path, Path], object]) -> None:
    for model in repository.models(models):
        config = (model / "config.pbtxt").read_text(encoding="utf-8")
        twins = {model.name: SINGLE_PRIORITY}
        if plan.farm and not pbtxt.is_ensemble(config):  # its steps are models, and go by lanes
            twins[f"{model.name}{FARM}"] = FARM_PRIORITY
        for name, priority in twins.items():
            twin = folder / name
            twin.mkdir()
            for one in model.iterdir():
                if one.name not in ("config.pbtxt", "__pycache__", "golden"):
                    place(one, twin / one.name)
            text = _scheduled(config, plan, priority, where=model.name)
            (twin / "config.pbtxt").write_text(text, encoding="utf-8", newline="\n")
    documents.write(folder / PLAN, plan.model_dump())


def plan_of(models: Path) -> Plan:
    """How a repository was made; one that people made themselves has no lanes.

    Raises:
        SourceError: it says so in a file that is not ours.
    """
    if not (models / PLAN).is_file():
        return Plan()
    try:
        return Plan.model_validate(documents.read(models / PLAN))
    except (TakeError, ValidationError) as error:
        why = documents.explain(error) if isinstance(error, ValidationError) else "it is no JSON"
        raise SourceError(
            f"{(models / PLAN).as_posix()} does not say how the models share the machine: {why}.",
            remedy="Make the repository anew; in one of your own, rename that file.",
        ) from error


def arguments(models: Path) -> list[str]:
    """What tritonserver has to be told for the lanes of this repository; nothing if it has none."""
    plan = plan_of(models)
    if not plan.farm:
        return []
    return ["--rate-limit=execution_count", f"--rate-limit-resource={RESOURCE}:{plan.at_once}"]


def _scheduled(config: str, plan: Plan, priority: int, *, where: str) -> str:
    """A model's configuration with the plan in it, and without a name: its folder has that."""
    if pbtxt.is_ensemble(config):
        return config
    if plan.farm and pbtxt.has(config, "rate_limiter"):
        raise SourceError(
            f"The model {where} has a rate limiter of its own.",
            remedy="Take rate_limiter out of its config.pbtxt, or serve it without --farm-lane.",
        )
    config = pbtxt.without(config, "name")
    added = ""
    if plan.farm:
        resource = f'resources [ {{ name: "{RESOURCE}" global: true count: 1 }} ]'
        added = f"rate_limiter {{ {resource} priority: {priority} }}"
    return pbtxt.with_groups(config, added, count=plan.instances)


def _link(source: Path, target: Path) -> None:
    target.symlink_to(source.absolute(), target_is_directory=source.is_dir())


def _copy(source: Path, target: Path) -> None:
    """Ends with the first fault, unlike shutil.copytree, which gathers them without their kind."""
    if not source.is_dir():
        shutil.copy2(source, target)
        return
    target.mkdir()
    for one in source.iterdir():
        if one.name != "__pycache__":
            _copy(one, target / one.name)


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="answerprint_server.lanes", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR", help="is written; must not be there")
    parser.add_argument("--models", type=Path, default=repository.models_folder(), metavar="DIR")
    parser.add_argument("--at-once", type=int, default=1, metavar="N")
    parser.add_argument("--instances", type=int, metavar="N")
    asked = parser.parse_args(words)
    try:
        plan = Plan(farm=True, at_once=asked.at_once, instances=asked.instances)
    except ValidationError as error:
        parser.error(documents.explain(error))
    try:
        lay(asked.models, asked.folder, plan, place=_copy)
    except AnswerprintError as error:
        sys.stderr.write(f"{error.problem}\n{error.remedy}\n")
        return error.exit_code
    sys.stdout.write("\n".join(arguments(asked.folder)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
