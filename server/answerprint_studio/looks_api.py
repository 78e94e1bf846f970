"""Looks: the displays and views of a take's colour configuration, each as a table to look up in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query as UrlQuery
from fastapi.responses import Response
from pydantic import BaseModel

from answerprint import viewlut
from answerprint.ocio import Config
from answerprint_studio.studio import Here, Studio

router = APIRouter(prefix="/api/v1/looks", tags=["looks"])

_Take = Annotated[str, UrlQuery(pattern="^([0-9a-f]{32})?$", description="the site's own if empty")]
_Name = Annotated[str, UrlQuery(max_length=256)]


class Display(BaseModel):
    name: str
    views: list[str]


class Choice(BaseModel):
    display: str
    view: str


class Looks(BaseModel):
    config: str
    displays: list[Display]
    default: Choice


@router.get("", summary="Displays and views, the usual ones first")
def looks(studio: Here, take: _Take = "") -> Looks:
    return Looks.model_validate(viewlut.displays(_config(studio, take)).as_json())


@router.get(
    "/lut",
    summary="A view as halves: size x size x size x 3, red runs fastest",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
def lut(
    studio: Here,
    display: _Name = "",
    view: _Name = "",
    size: Annotated[int, UrlQuery(ge=viewlut.FEWEST, le=viewlut.MOST)] = 33,
    take: _Take = "",
) -> Response:
    config = _config(studio, take)
    usual = viewlut.displays(config)
    display = display or next(iter(usual.displays), "")
    view = view or next(iter(usual.displays.get(display, ())), "")
    with studio.drawing:
        table = studio.tables.of(config, display, view, size)
    return Response(
        table,
        media_type="application/octet-stream",
        headers={"X-Shaper": viewlut.SHAPER, "X-Size": str(size), "Cache-Control": "no-cache"},
    )


def _config(studio: Studio, ident: str) -> Config:
    if ident:
        return studio.box.config(studio.take(ident))
    return viewlut.config_of(None, studio.settings.site.colour)
