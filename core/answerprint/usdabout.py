"""What a USD file says beside its points and faces, kept as one text of a geometry, and written back."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

NAME = "answerprintUsd"  # of the text in Geometry.said
Kind = Literal["mesh", "curves", "points"]


class PrimAbout(BaseModel):
    """One prim: which of the geometry's points and faces are its own, by their number, and its options.

    `named` is false where no attribute `path` says where it stood.
    """

    model_config = ConfigDict(extra="forbid")

    path: str
    kind: Kind
    points: int = Field(ge=0)
    faces: int = Field(ge=0)
    named: bool = True
    options: dict[str, Any] = Field(default_factory=dict)


class About(BaseModel):
    """One file.

    stage   upAxis, metersPerUnit and what else a layer says of itself
    time    at which its one sample lies; None: it has no samples
    space   the matrix from its points to the world, row after row; None: they are in the world
    types   what attributes were, by 'class name': color3h, bool, varying, ...
    """

    model_config = ConfigDict(extra="forbid")

    stage: dict[str, Any] = Field(default_factory=dict)
    time: float | None = None
    space: list[list[float]] | None = None
    prims: list[PrimAbout] = Field(default_factory=list)
    types: dict[str, str] = Field(default_factory=dict)
    varying: list[str] = Field(default_factory=list)
    families: dict[str, str] = Field(default_factory=dict)


def told(text: str | None) -> About:
    """What a text of this kind says; nothing where it is none."""
    try:
        return About.model_validate_json(text or "{}")
    except ValidationError:
        return About()


def placed(text: str | None) -> str:
    """Where the points of a file are in its scene and how large, for its digest.

    '' of those that are in the world, y up and in metres, as in Houdini, and of what was in no USD file.
    """
    if text is None:
        return ""
    about = told(text)
    up, metres = about.stage.get("upAxis", "Y"), about.stage.get("metersPerUnit", 0.01)
    space = [[value + 0.0 for value in row] for row in about.space or []]  # no zero has a sign
    plain = (up, metres, space) == ("Y", 1.0, [])
    return "" if plain else f"{up} {metres} {space}"
