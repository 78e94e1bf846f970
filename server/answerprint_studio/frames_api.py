"""Frames: what the player draws: proxies in halves, single pixels, and small pictures for the wall."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Path as UrlPath, Query as UrlQuery
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel

from answerprint import proxy as proxies, thumbnail
from answerprint.lightbox import WIDTH, Asked
from answerprint.proxy import Head
from answerprint_studio.studio import Here, Ident

router = APIRouter(prefix="/api/v1/takes", tags=["frames"])

PROXY = "application/x-answerprint-proxy"
Side = Literal["made", "plate"]
Label = Annotated[str, UrlQuery(pattern=r"^(w\d{3,9})?$")]
Name = Annotated[str, UrlQuery(max_length=256)]
Number = Annotated[int, UrlQuery(ge=-(10**9), le=10**9)]
OfFrame = Annotated[int, UrlPath(ge=-(10**9), le=10**9)]
Matches = Annotated[str, Header(max_length=2000)]


class Pixel(BaseModel):
    """Channel -> number as the file holds it; nan, inf and -inf are words."""

    x: int
    y: int
    values: dict[str, float | str]
    layer: str
    space: str


@router.get(
    "/{ident}/frames/{number}/proxy",
    summary="A frame in little-endian halves, R G B of each pixel, rows from the top",
    response_class=Response,
    responses={200: {"content": {PROXY: {}}}, 304: {"description": "It is as you have it."}},
)
def proxy(
    studio: Here,
    ident: Ident,
    number: OfFrame,
    *,
    side: Side = "made",
    variation: Label = "",
    view: Name = "",
    layer: Name = "",
    width: Annotated[int, UrlQuery(ge=1, le=proxies.MOST_WIDTH)] = WIDTH,
    if_none_match: Matches = "",
) -> Response:
    take = studio.take(ident)
    asked = Asked(number, side, variation, view, layer, width)
    with studio.drawing:
        found = studio.box.proxy(take, asked)
    headers = {**_headers(found.head), "ETag": f'"{found.tag}"', "Cache-Control": "no-cache"}
    if f'"{found.tag}"' in if_none_match:
        return Response(status_code=304, headers=headers)
    return Response(found.body(), media_type=PROXY, headers=headers)


@router.get("/{ident}/frames/{number}/pixel", summary="What the file holds at one pixel")
def pixel(
    studio: Here,
    ident: Ident,
    number: OfFrame,
    x: Number,
    y: Number,
    *,
    side: Side = "made",
    variation: Label = "",
    view: Name = "",
    layer: Name = "",
) -> Pixel:
    asked = Asked(number, side, variation, view, layer)
    take = studio.take(ident)
    with studio.drawing:
        return Pixel(**studio.box.pixel(take, asked, x, y))


@router.get(
    "/{ident}/thumbnail",
    summary="A small picture of a frame, usually the middle one",
    response_class=FileResponse,
    responses={200: {"content": {"image/png": {}}}},
)
def small(
    studio: Here,
    ident: Ident,
    *,
    frame: Number | None = None,
    variation: Label | None = None,
    width: Annotated[int, UrlQuery(ge=16, le=thumbnail.MOST_WIDTH)] = 522,
    v: Annotated[str, UrlQuery(max_length=64)] = "",
) -> FileResponse:
    take = studio.take(ident)
    with studio.drawing:
        found = thumbnail.of_frame(studio.easel(width), take, frame, variation or None)
    # its address names the very picture: another one has another address
    kept = "private, max-age=31536000, immutable" if v else "no-cache"
    return FileResponse(found.path, media_type="image/png", headers={"Cache-Control": kept})


def _headers(head: Head) -> dict[str, str]:
    named: dict[str, Any] = {
        "X-Width": head.width,
        "X-Height": head.height,
        "X-Step": head.step,
        "X-Window": ",".join(map(str, head.window)),
        "X-Display": ",".join(map(str, head.display)),
        "X-Data": int(head.is_data),
        "X-Least": f"{head.least:.9g}",
        "X-Greatest": f"{head.greatest:.9g}",
    }
    # names and notes may hold any letter, and a header may not: they are JSON
    quoted = {
        "X-Space": head.space,
        "X-Layer": head.layer,
        "X-Channels": ",".join(head.channels),
        "X-Notes": " ".join(head.notes),
    }
    words = {name: json.dumps(text)[1:-1] for name, text in quoted.items()}
    return {name: str(value) for name, value in {**named, **words}.items()}
