"""Contracts: what a model takes, gives, costs and may be used for.

A contract is a JSON document beside the model. The server carries it to every client inside the
model's configuration, so a model dropped into the repository describes itself.
Unknown fields are kept; a missing one has the default written here; a wrong one is named by path.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from answerprint.documents import canonical, did_you_mean, explain, loads
from answerprint.errors import ContractError, JobError

SCHEMA = "answerprint.contract/v1"
MOST_CONTRACT_BYTES = 1 << 20
MOST_INT = 2**53 - 1  # beyond that JSON readers disagree about whole numbers
RETIRED_SOURCE_TYPES = ("minorHumanEdits", "softwareImage")  # IPTC, 2024: no longer to be used

Encoding = Literal["scene_linear", "acescct", "srgb_display", "data"]
Value = bool | int | float | str


class _Document(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True, protected_namespaces=())


class Input(_Document):
    """One image that the model takes, as float32 (height, width, channels).

    layers     names under which plates hold it, best first; 'rgba' is the unnamed layer
    channels   the channel sets it can be made of, best first, in the order the model wants
    range      least and greatest sensible value; null where there is none
    needs      another input without which this one is not used
    """

    name: str
    layers: tuple[str, ...]
    channels: tuple[tuple[str, ...], ...] = (("R", "G", "B"),)
    encoding: Encoding = "scene_linear"
    range: tuple[float | None, float | None] = (None, None)
    required: bool = True
    needs: str | None = None
    help: str = ""


class Output(_Document):
    """One image that the model gives back, same size, in place of the input it `replaces`."""

    name: str
    replaces: str
    encoding: Encoding = "scene_linear"
    help: str = ""


class Cut(_Document):
    """How a frame may be cut for the model. `whole`: it sees the whole data window at once."""

    mode: Literal["whole"] = "whole"


class Parameter(_Document):
    name: str
    type: Literal["bool", "int", "float", "choice", "text"]
    default: Value
    choices: tuple[str, ...] = ()
    min: float | None = None
    max: float | None = None
    step: float | None = None
    unit: str = ""
    help: str = ""
    group: str = ""
    animatable: bool = False

    @model_validator(mode="after")
    def _default_is_valid(self) -> Parameter:
        try:
            self.checked(self.default)
        except JobError as error:
            raise ValueError(f"its own default is refused: {error.problem}") from error
        return self

    def checked(self, value: Any) -> Value:
        """The value in the parameter's own type; text from a command line is read.

        Raises:
            JobError: the value has another type, is no choice, or lies out of range.
        """
        try:
            return self._in_range(_READ[self.type](value))
        except (ValueError, TypeError, OverflowError) as error:
            raise JobError(
                f"Parameter {self.name} is {value!r}, which is not {self.said()}.",
                remedy=f"Give {self.said()}; the default is {self.default}.",
            ) from error

    def said(self) -> str:
        """What the parameter takes, in words: 'a whole number from 0 to 8 MB'."""
        if self.type == "choice":
            return "one of " + ", ".join(self.choices)
        words = {"bool": "on or off", "int": "a whole number", "float": "a number", "text": "text"}
        low, high = _plain(self.min), _plain(self.max)
        bounds = f" from {low} to {high}" if low and high else ""
        bounds = bounds or (f" of at least {low}" if low else f" of at most {high}" if high else "")
        return words[self.type] + bounds + (f" {self.unit}" if self.unit else "")

    def _in_range(self, value: Value) -> Value:
        if self.type == "choice" and value not in self.choices:
            raise ValueError(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            low = -math.inf if self.min is None else self.min
            high = math.inf if self.max is None else self.max
            if not low <= value <= high:
                raise ValueError(value)
        return value


class Artifact(_Document):
    """A file that the model is made of. The model itself refuses to load when it differs.

    name      path below the model's folder, or below the package's folder where one is named
    package   pinned package that carries it, like pyoidn==2.5.1.0; empty for our own files
    """

    name: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    package: str = ""


class Licence(_Document):
    code: str
    weights: str
    notice: str = ""


class Model(_Document):
    name: str
    version: str
    artifacts: tuple[Artifact, ...] = Field(min_length=1)
    origin: str = ""


class Training(_Document):
    data_class: str = "unknown"
    consent: str = "unknown"


class Determinism(_Document):
    """How alike two runs of the same request are.

    bit_exact   same input, same output, on the same device
    tolerance   equal within `tolerance`, the greatest difference in the output's units
    stochastic  only the seed repeats a result
    """

    kind: Literal["bit_exact", "tolerance", "stochastic"] = "stochastic"
    tolerance: float = 0.0


class Cost(_Document):
    """Rough time on two CPU cores; only a first guess, before any frame was measured."""

    seconds_per_megapixel: float = 1.0


class Contract(_Document):
    schema_: Literal["answerprint.contract/v1"] = Field(alias="schema")
    task: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: str
    purpose: str
    kind: Literal["image"] = "image"
    inputs: tuple[Input, ...] = Field(min_length=1)
    outputs: tuple[Output, ...] = Field(min_length=1)
    cut: Cut = Cut()
    parameters: tuple[Parameter, ...] = ()
    seed: bool = False
    determinism: Determinism = Determinism()
    qc_profile: str = "none"
    digital_source_type: str
    licence: Licence
    model: Model
    training: Training = Training()
    cost: Cost = Cost()

    @model_validator(mode="after")
    def _names_fit(self) -> Contract:
        names = {one.name for one in self.inputs}
        for output in self.outputs:
            if output.replaces not in names:
                raise ValueError(f"output {output.name} replaces '{output.replaces}', no input")
        if self.digital_source_type.rpartition("/")[2] in RETIRED_SOURCE_TYPES:
            raise ValueError(f"digital_source_type {self.digital_source_type} is retired by IPTC")
        return self

    @property
    def sha256(self) -> str:
        """One digest for all artifacts: what a record names as the model."""
        listed = [one.model_dump(include={"name", "sha256", "package"}) for one in self.artifacts]
        return hashlib.sha256(canonical(listed)).hexdigest()

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        return self.model.artifacts

    def input(self, name: str) -> Input:
        """Raises JobError: the task has no such input."""
        for one in self.inputs:
            if one.name == name:
                return one
        known = [one.name for one in self.inputs]
        raise JobError(
            f"Task {self.task} has no input '{name}'.{did_you_mean(name, known)}",
            remedy=f"Its inputs are {', '.join(known)}.",
        )

    def settings(self, given: dict[str, Any]) -> dict[str, Value]:
        """All parameters with their values: those given, checked, and defaults for the rest.

        Raises:
            JobError: a parameter is unknown, of another type, or out of range.
        """
        known = {one.name: one for one in self.parameters}
        for name in given:
            if name not in known:
                raise JobError(
                    f"Task {self.task} has no parameter '{name}'.{did_you_mean(name, known)}",
                    remedy=f"Its parameters are {', '.join(known) or 'none'}.",
                )
        return {name: one.checked(given.get(name, one.default)) for name, one in known.items()}


def _plain(number: float | None) -> str:
    """8 for 8.0, 0.05 for 0.05, nothing for None."""
    if number is None:
        return ""
    return str(int(number)) if number == int(number) else repr(number)


def parse(text: str, *, where: str) -> Contract:
    """Read a contract from JSON.

    Raises:
        ContractError: it is too large, no JSON, or a field is missing or wrong; names its path.
    """
    remedy = "Tell the pipeline team: the model's contract.json has to be corrected."
    if len(text) > MOST_CONTRACT_BYTES:
        raise ContractError(f"The contract of {where} is larger than 1 MiB.", remedy=remedy)
    try:
        loads(text)  # stricter than pydantic, which lets NaN pass
        return Contract.model_validate_json(text)
    except ValueError as error:
        said = explain(error) if isinstance(error, ValidationError) else f"it is no JSON, {error}"
        raise ContractError(f"The contract of {where} is wrong: {said}.", remedy=remedy) from error


def _bool(value: Any) -> bool:
    words = {"true": True, "on": True, "yes": True, "1": True}
    words |= {"false": False, "off": False, "no": False, "0": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise ValueError(value)


def _int(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError(value)
    if abs(int(value)) > MOST_INT:
        raise ValueError(value)
    return int(value)


def _float(value: Any) -> float:
    number = float(value)
    if isinstance(value, bool) or not math.isfinite(number):
        raise ValueError(value)
    return number


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


_READ: dict[str, Callable[[Any], Value]] = {
    "bool": _bool,
    "int": _int,
    "float": _float,
    "choice": _text,
    "text": _text,
}
