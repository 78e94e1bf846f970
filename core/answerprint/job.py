"""Jobs: one request as a document, the same from a panel, a shell, a farm or a test."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator

from answerprint.contract import Contract, Value
from answerprint.documents import MOST_BYTES, explain
from answerprint.errors import AnswerprintError, JobError
from answerprint.frames import FrameRange
from answerprint.plate import Plate

# Windows gives no file such a name, whatever its ending
_DEVICES = {"con", "prn", "aux", "nul"} | {
    f"{port}{n}" for port in ("com", "lpt") for n in "123456789"
}


def _is_no_device(name: str) -> str:
    if name.lower().partition(".")[0] in _DEVICES:
        raise ValueError(f"Windows cannot have a folder named '{name}'")
    return name


# One folder or file name: nothing that climbs, hides, or upsets Windows or a shell
_NAME = r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,98}[A-Za-z0-9_-])?"
Name = Annotated[str, Field(pattern=rf"^{_NAME}$"), AfterValidator(_is_no_device)]
NonFinite = Literal["keep", "zero", "stop"]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class Source(_Document):
    """Where an input comes from.

    path    plate, in any spelling of a frame number
    layer   the layer to use; None: found by the contract's names; 'none': left out
    """

    path: str
    layer: str | None = None


class Destination(_Document):
    """Where the take goes: root/show/shot/name/v###. `take` asks for a number that is free."""

    root: Path | None = None
    show: Name | None = None
    shot: Name | None = None
    name: Name | None = None
    take: Annotated[int, Field(ge=1, le=999_999)] | None = None


class Job(_Document):
    """A request, as a person or a program writes it.

    plate       the main input's path; all inputs are layers of it unless `inputs` says otherwise
    inputs      for single inputs: another path, another layer
    frames      frame range; None: every frame on disk
    parameters  only what differs from the contract's defaults
    seed        any whole number; kept as text so that no tool cuts it to 32 bits
    non_finite  what to do with NaN and inf in the plate: `keep` them where they are, make them
                `zero`, or `stop` before anything is written
    """

    schema_: Literal["answerprint.job/v1"] = Field("answerprint.job/v1", alias="schema")
    task: str
    version: str | None = None
    plate: str
    inputs: dict[str, Source] = {}
    frames: str | None = None
    parameters: dict[str, Value] = {}
    seed: str | None = None
    non_finite: NonFinite = "keep"
    out: Destination = Destination()
    host: str = "shell"

    @field_validator("frames")
    @classmethod
    def _frames_parse(cls, text: str | None) -> str | None:
        try:
            return None if text is None else str(FrameRange.parse(text))
        except AnswerprintError as error:
            said = error.remedy.rstrip(".")
            raise ValueError(f"{error.problem.rstrip('.')}; {said[0].lower()}{said[1:]}") from error

    @field_validator("seed", mode="before")
    @classmethod
    def _seed_is_a_number(cls, seed: Any) -> str | None:
        if seed is not None and re.fullmatch(r"-?\d{1,20}", str(seed)) is None:
            raise ValueError("a seed is a whole number of at most 20 digits")
        return None if seed is None else str(seed)


class Resolved(_Document):
    """A job as it runs: everything that was open is decided. This is what `.take/job.json` holds.

    layers   input -> (plate, layer, channels in the model's order)
    """

    schema_: Literal["answerprint.resolved/v1"] = Field("answerprint.resolved/v1", alias="schema")
    job: Job
    contract: Contract
    version: str
    model_sha256: str
    frames: str
    inputs: dict[str, ResolvedInput]
    parameters: dict[str, Value]
    root: Path
    stream: Annotated[str, Field(pattern=rf"^{_NAME}(/{_NAME}){{0,2}}$")]
    name: Name
    notes: tuple[str, ...] = ()

    @property
    def frame_range(self) -> FrameRange:
        return FrameRange.parse(self.frames)


class ResolvedInput(_Document):
    path: str
    layer: str
    channels: tuple[str, ...]

    @property
    def plate(self) -> Plate:
        return Plate.parse(self.path)


def read(path: Path) -> Job:
    """Read a job file.

    Raises:
        JobError: it cannot be read, is no JSON, or a field is unknown or wrong; names its path.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise JobError(
                f"{path.as_posix()} is too large for a job file.", remedy="Check the path."
            )
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise JobError(
            f"The job file {path.as_posix()} cannot be read: {error}.", remedy="Check the path."
        ) from error
    try:
        return Job.model_validate_json(text)
    except ValidationError as error:
        raise wrong(error, f"The job file {path.as_posix()}") from error


def make(fields: dict[str, Any]) -> Job:
    """A job from values, as a command line has them.

    Raises:
        JobError: a value is unknown or wrong; names the path to it.
    """
    try:
        return Job.model_validate(fields)
    except ValidationError as error:
        raise wrong(error, "The job") from error


def wrong(error: ValidationError, what: str) -> JobError:
    return JobError(
        f"{what} is wrong: {explain(error)}.",
        remedy="See 'answerprint run --help' for the fields, or print one with --dry-run.",
    )
