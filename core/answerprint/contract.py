"""Contracts: what a model takes, gives, costs and may be used for.

A contract is a JSON document beside the model. The server carries it to every client inside the
model's configuration, so a model dropped into the repository describes itself.
Unknown fields are kept; a missing one has the default written here; a wrong one is named by path.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from answerprint.documents import OpenDocument, canonical, did_you_mean, explain, loads
from answerprint.errors import ContractError, JobError
from answerprint.parameter import MOST_INT, Parameter, Value
from answerprint.ports import RANKS, Cut, Encoding, Input, Kind, Output, Scale, check_kind

MOST_CONTRACT_BYTES = 1 << 20
MOST_COST = 86_400.0  # seconds for a megapixel: a day
HALF = "_half"  # what is added to a name for the same image as float16
RETIRED_SOURCE_TYPES = ("minorHumanEdits", "softwareImage")  # IPTC, 2024: no longer to be used

__all__ = [
    "HALF",
    "MOST_INT",
    "RANKS",
    "Contract",
    "Cut",
    "Encoding",
    "Input",
    "Kind",
    "Output",
    "Parameter",
    "Scale",
    "Value",
    "leads_out",
    "parse",
]


class Artifact(OpenDocument):
    """A file that the model is made of. The model itself refuses to load when it differs.

    name      path below the model's folder, or below the package's folder where one is named
    package   pinned package that carries it, like pyoidn==2.5.1.0; empty for our own files
    """

    name: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    package: str = ""

    @field_validator("name")
    @classmethod
    def _stays_inside(cls, name: str) -> str:
        if leads_out(name):
            raise ValueError(f"'{name}' leads out of the folder; name a file below it")
        return name


class Licence(OpenDocument):
    code: str
    weights: str
    notice: str = ""


class Model(OpenDocument):
    name: str
    version: str
    artifacts: tuple[Artifact, ...] = Field(min_length=1)
    origin: str = ""


class Training(OpenDocument):
    data_class: str = "unknown"
    consent: str = "unknown"


class Determinism(OpenDocument):
    """How alike two runs of the same request are.

    bit_exact   same input, same output, on the same device
    tolerance   equal within `tolerance`, the greatest difference in the output's units
    stochastic  only the seed repeats a result
    """

    kind: Literal["bit_exact", "tolerance", "stochastic"] = "stochastic"
    tolerance: float = 0.0


class Cost(OpenDocument):
    """Rough time on two CPU cores; only a first guess, before any frame was measured.

    seconds_per_megapixel   of a points task: for a million points; of a volume or a heightfield: for
                            a million voxels of the input
    """

    seconds_per_megapixel: Annotated[float, Field(ge=0, le=MOST_COST, allow_inf_nan=False)] = 1.0


class Contract(OpenDocument):
    """What a model says of itself.

    kind   what it works on. All but images are numbers (encoding `data`), float32, whole, of one
           frame, and all inputs are of one geometry, the first being the main one. Only grids have
           a `scale`, only new attributes of points a `qualifier`.
    """

    schema_: Literal["answerprint.contract/v1"] = Field(alias="schema")
    task: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: str
    purpose: str
    kind: Kind = "image"
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
        _check_inputs(self.inputs)
        for named in (self.inputs, self.outputs, self.parameters):
            _check_each_once(named)
        names = {one.name for one in self.inputs}
        parameters = {one.name: one for one in self.parameters}
        for output in self.outputs:
            _check_output(output, names, parameters)
        for one in self.parameters:
            _check_unless(one, parameters)
        if self.cut.between and (self.cut.before or self.cut.after or self.cut.mode == "tiles"):
            raise ValueError("cut.between goes with neither before, after nor tiles")
        if 2 * self.cut.overlap > self.cut.tile:
            raise ValueError("cut.overlap is more than half of cut.tile")
        check_kind(self.kind, self.inputs, self.outputs, self.cut)
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

    def describes(self, version: str) -> bool:
        """Whether it can be of a version on a server: it names no file of another's folder."""
        folders = {one.name.split("/")[0] for one in self.artifacts if not one.package}
        return not {one for one in folders if one.isdigit()} - {version}

    @property
    def rank(self) -> int:
        """How many dimensions its arrays have on the wire."""
        return RANKS[self.kind]

    def given(self, settings: Mapping[str, Value]) -> tuple[Output, ...]:
        """The outputs that a request with these settings brings back."""
        return tuple(one for one in self.outputs if not one.when or settings[one.when])

    def scale(self, output: Output, settings: Mapping[str, Value]) -> int:
        """How many times larger than its inputs an output is."""
        if isinstance(output.scale, int):
            return output.scale
        return output.scale.values[str(settings[output.scale.parameter])]

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

    def check_together(self, settings: Mapping[str, Value]) -> None:
        """Raises JobError: two settings rule each other out."""
        for one in self.parameters:
            for other, choices in one.unless.items():
                if settings[one.name] is True and settings[other] in choices:
                    raise JobError(
                        f"{one.name} cannot be on while {other} is {settings[other]}.",
                        remedy=f"Turn {one.name} off, or choose another {other}.",
                    )

    def parameter(self, name: str) -> Parameter:
        """Raises JobError: the task has no such parameter."""
        known = {one.name: one for one in self.parameters}
        if name not in known:
            raise JobError(
                f"Task {self.task} has no parameter '{name}'.{did_you_mean(name, known)}",
                remedy=f"Its parameters are {', '.join(known) or 'none'}.",
            )
        return known[name]

    def settings(self, given: Mapping[str, Any]) -> dict[str, Value]:
        """All parameters with their values: those given, checked, and defaults for the rest.

        Raises:
            JobError: a parameter is unknown, of another type, or out of range.
        """
        for name in given:
            self.parameter(name)
        return {one.name: one.checked(given.get(one.name, one.default)) for one in self.parameters}


def _check_inputs(inputs: tuple[Input, ...]) -> None:
    before: list[str] = []
    for one in inputs:
        for word, name in (("needs", one.needs), ("follows", one.follows)):
            if name is not None and name not in before:
                raise ValueError(f"input {one.name} {word} '{name}', no input before it")
        before.append(one.name)
    if not any(one.required for one in inputs):
        raise ValueError("none of the inputs is required")


def _check_each_once(named: tuple[Input, ...] | tuple[Output, ...] | tuple[Parameter, ...]) -> None:
    names = [one.name for one in named]
    names += [one.name + HALF for one in named if not isinstance(one, Parameter) and one.half]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        kind = type(named[0]).__name__.lower()
        raise ValueError(f"two {kind}s are named '{twice}'")


def _check_output(
    output: Output, inputs: Collection[str], parameters: Mapping[str, Parameter]
) -> None:
    if output.replaces is None and not output.channels:
        raise ValueError(f"output {output.name} replaces no input and names no channels")
    if output.replaces is not None and output.replaces not in inputs:
        raise ValueError(f"output {output.name} replaces '{output.replaces}', no input")
    if output.encoding == "srgb_display":
        raise ValueError(f"output {output.name}: srgb_display has no way back")
    if output.when and output.when not in parameters:
        raise ValueError(f"output {output.name} depends on '{output.when}', no parameter")
    if output.when and not _is_fixed(parameters[output.when], "bool"):
        raise ValueError(f"output {output.name} depends on '{output.when}', no fixed bool")
    if isinstance(output.scale, Scale):
        _check_scale(output.name, output.scale, parameters)


def _is_fixed(parameter: Parameter, kind: str) -> bool:
    """Whether it is of a type, and the same for all frames of a job."""
    return parameter.type == kind and not parameter.animatable


def _check_unless(one: Parameter, parameters: Mapping[str, Parameter]) -> None:
    for other, choices in one.unless.items():
        known = parameters[other].choices if other in parameters else ()
        if one.type != "bool" or not set(choices) <= set(known):
            raise ValueError(f"parameter {one.name} is ruled out by '{other}', which has not that")


def _check_scale(name: str, scale: Scale, parameters: Mapping[str, Parameter]) -> None:
    chosen = parameters.get(scale.parameter)
    if chosen is None or set(chosen.choices) != scale.values.keys():
        raise ValueError(f"output {name}: scale does not name every choice of its parameter")
    if not _is_fixed(chosen, "choice"):
        raise ValueError(f"output {name}: scale depends on what can be animated")


def leads_out(name: str) -> bool:
    """Whether a path in a contract is none of a file below its folder, on any system."""
    path = PurePosixPath(name)
    strange = any(sign in name for sign in ("\\", ":", "\0"))
    return not path.parts or path.is_absolute() or ".." in path.parts or strange


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
