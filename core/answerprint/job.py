"""Jobs: one request as a document, the same from a panel, a shell, a farm or a test."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, ValidationError, field_validator

from answerprint.contract import Contract, Output, Value
from answerprint.curve import Curve
from answerprint.documents import MOST_BYTES, Document, explain
from answerprint.errors import AnswerprintError, JobError
from answerprint.frames import FrameRange
from answerprint.plate import MOST_PATH, Plate
from answerprint.rollout import Choice
from answerprint.site import Numbers
from answerprint.timing import Sources, Timing, sources
from answerprint.wedge import SEED, Axes, Variation, variations

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
Keep = Literal["replace", "beside", "only"]
PixelType = Literal["inherit", "half", "float"]
Compression = Literal["inherit", "none", "rle", "zips", "zip", "piz"]
Format = Literal["exr", "bgeo", "geo", "vdb", "usdc", "usda"]  # of a take's files, as their ending
Unsupported = Literal["stop", "leave_out"]
MOST_HANDLES = 10_000
MOST_DOCUMENT_BYTES = 1 << 20  # of a job that comes as text


Text = TypeVar("Text", str, Path)


def _is_a_path(path: Text) -> Text:
    if "\0" in str(path):
        raise ValueError("no path holds a zero byte")
    if len(str(path)) > MOST_PATH:
        raise ValueError(f"a path has at most {MOST_PATH:,} letters")
    return path


PathText = Annotated[str, AfterValidator(_is_a_path)]


class Source(Document):
    """Where an input comes from.

    path    plate, in any spelling of a frame number
    layer   the layer to use; None: found by the contract's names; 'none': left out
    """

    path: PathText
    layer: str | None = None


class Destination(Document):
    """Where the take goes: root/show/shot/name/v###.

    take      asks for a number that is free
    numbers   how 1 is spelled: v001, or v1 as Houdini's File Cache does; None: as the site has it
    """

    root: Annotated[Path, AfterValidator(_is_a_path)] | None = None
    show: Name | None = None
    shot: Name | None = None
    name: Name | None = None
    take: Annotated[int, Field(ge=1, le=999_999)] | None = None
    numbers: Numbers | None = None


class Colour(Document):
    """What colour space the plate is in.

    space     a name of the configuration; None: by the file's attributes, else scene-linear
    said_by   who says so: the job itself, or the host from its own settings
    config    OpenColorIO configuration, a file or ocio://...; None: $OCIO, the site's, a built-in
    """

    space: str | None = None
    said_by: str = "the job"
    config: PathText | None = None


class Result(Document):
    """What the take's files hold.

    layers        `replace`: all the plate's layers, the result in place of the one it was made from;
                  `beside`: all of them untouched, the result as new layers; `only` the result.
                  None: replace, or only where the result has another size or time than the plate
    type          of the result's pixels; inherit: as in the plate, and float for new data layers
    compression   inherit: as the plate, zip where that would lose pixels
    format        of geometry: inherit: as the plate's files, or the nearest that a take can have
    """

    layers: Keep | None = None
    type: PixelType = "inherit"
    compression: Compression = "inherit"
    format: Format | Literal["inherit"] = "inherit"


class Job(Document):
    """A request, as a person or a program writes it.

    version     of the task's model, as a number or by its alias; None: as the site rolls them out
    plate       the main input's path; all inputs are layers of it unless `inputs` says otherwise
    inputs      for single inputs: another path, another layer
    frames      frame range; None: every frame on disk
    handles     so many frames more before and after them
    views       of a stereo plate; None: all of them
    colour      what space the plate is in
    parameters  only what differs from the contract's defaults: values, or curves over time
    wedge       axes: parameter, or seed -> values to try; all combinations become variations
    items       confirms the number of work items of a very large wedge
    timing      for tasks that make frames between frames
    result      what the take's files hold
    reuse       copy a frame that was made from the same pixels by the same request and model
    seed        any whole number; kept as text so that no tool cuts it to 32 bits
    non_finite  what to do with NaN and inf in the plate: `keep` them where they are, make them
                `zero`, or `stop` before anything is written
    unsupported what to do with primitives that Answerprint does not know (packed, NURBS): `stop`
                before anything is written, or `leave_out` of the take, which says so
    host        who asks: "nuke 15.1v2"
    node        of the host, which it was asked for: "Read3"
    script      of the host, by its path
    """

    schema_: Literal["answerprint.job/v1"] = Field("answerprint.job/v1", alias="schema")
    task: str
    version: str | None = None
    plate: PathText
    inputs: dict[str, Source] = {}
    frames: str | None = None
    handles: Annotated[int, Field(ge=0, le=MOST_HANDLES, strict=True)] = 0
    views: tuple[str, ...] | None = Field(None, min_length=1)
    colour: Colour = Colour()
    parameters: dict[str, Curve | Value] = {}
    wedge: dict[str, str | tuple[Value, ...]] = {}
    items: int | None = None
    timing: Timing | None = None
    result: Result = Result()
    reuse: bool = True
    seed: str | None = None
    non_finite: NonFinite = "keep"
    unsupported: Unsupported = "stop"
    out: Destination = Destination()
    host: str = "shell"
    node: Annotated[str, Field(max_length=1024)] | None = None
    script: Annotated[str, Field(max_length=MOST_PATH)] | None = None

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


class ResolvedInput(Document):
    path: str
    layer: str
    channels: tuple[str, ...]

    @property
    def plate(self) -> Plate:
        return Plate.parse(self.path)


class ResolvedColour(Document):
    """The plate's colour space as it was found, and the configuration that knows it.

    paths   input or output -> its way in words; those that stay as they are included
    """

    space: str
    source: str
    config: str
    config_source: str
    fingerprint: str
    paths: dict[str, str] = {}


class ResolvedResult(Document):
    layers: Keep
    type: PixelType
    compression: Compression
    format: Format = "exr"


class Resolved(Document):
    """A job as it runs: everything that was open is decided. This is what `.take/job.json` holds.

    frames   of the result
    first    the plate's first frame: where a speed begins
    last     the plate's last frame
    views    of a stereo plate; none for a mono one
    inputs   input -> (plate, layer, channels in the model's order)
    axes     of a wedge, in the parameters' own types
    colour   None where nothing of the task meets a colour transform
    rollout  why this version was chosen; None: no roll-out had a say
    memory   bytes that one work item needs at most, as far as can be told beforehand
    disk     bytes that the take needs about, as the plate is stored
    """

    schema_: Literal["answerprint.resolved/v1"] = Field("answerprint.resolved/v1", alias="schema")
    job: Job
    contract: Contract
    version: str
    model_sha256: str
    frames: str
    first: int
    last: int
    views: tuple[str, ...] = ()
    inputs: dict[str, ResolvedInput]
    parameters: dict[str, Curve | Value]
    axes: Axes = {}
    colour: ResolvedColour | None = None
    result: ResolvedResult
    rollout: Choice | None = None
    memory: int = 0
    disk: int = 0
    root: Path
    stream: Annotated[str, Field(pattern=rf"^{_NAME}(/{_NAME}){{0,2}}$")]
    name: Name
    notes: tuple[str, ...] = ()

    @property
    def frame_range(self) -> FrameRange:
        return FrameRange.parse(self.frames)

    @property
    def variations(self) -> dict[str, Variation]:
        """By label; empty for a job that is no wedge."""
        return {one.label: one for one in variations(self.axes)}

    @property
    def main(self) -> str:
        """The input whose file the result is written into."""
        return main_input(self.contract, self.inputs)

    def outputs(self, settings: Mapping[str, Value]) -> tuple[Output, ...]:
        """What these settings bring back: not what would replace an input that is absent."""
        return tuple(
            one
            for one in self.contract.given(settings)
            if one.replaces is None or one.replaces in self.inputs
        )

    def sources(self, number: int) -> Sources:
        """The plate's frames that one frame of the result is made from."""
        return sources(
            self.contract.cut, number, first=self.first, last=self.last, timing=self.job.timing
        )

    def settings(self, frame: int, variation: Variation | None = None) -> dict[str, Value]:
        """Every parameter's value for one frame of one variation; the seed is not among them."""
        values = {
            name: value.at(frame) if isinstance(value, Curve) else value
            for name, value in self.parameters.items()
        }
        known = {one.name: one for one in self.contract.parameters}
        values = {name: known[name].checked(value) for name, value in values.items()}
        axes = variation.values if variation else {}
        return values | {
            name: value for name, value in axes.items() if name != SEED or name in known
        }

    def seed(self, variation: Variation | None = None) -> str | None:
        """The seed of one variation: 0 where its task takes one and the job names none."""
        if not self.contract.seed:
            return self.job.seed
        if variation and SEED in self.axes:
            return str(variation.values[SEED])
        return self.job.seed or "0"


def main_input(contract: Contract, inputs: Collection[str]) -> str:
    """The first input in whose place an output stands; where none does, the first of all."""
    replaced = {one.replaces for one in contract.outputs}
    names = [one.name for one in contract.inputs if one.name in inputs]
    return next((name for name in names if name in replaced), names[0])


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
    except (OSError, ValueError) as error:  # a zero byte in the path, or what is no text
        raise JobError(
            f"The job file {path.as_posix()} cannot be read: {error}.", remedy="Check the path."
        ) from error
    try:
        return Job.model_validate_json(text)
    except ValidationError as error:
        raise wrong(error, f"The job file {path.as_posix()}") from error


def parse(text: str) -> Job:
    """A job from its document as text, as a panel hands it over.

    Raises:
        JobError: it is too large, is no JSON, or a field is unknown or wrong; names its path.
    """
    if len(text.encode("utf-8", "replace")) > MOST_DOCUMENT_BYTES:
        raise JobError(
            f"The job document is larger than {MOST_DOCUMENT_BYTES:,} bytes.",
            remedy="Hand it over as a job file.",
        )
    try:
        return Job.model_validate_json(text)
    except ValidationError as error:
        raise wrong(error, "The job document") from error


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
