"""Exports: a session as a timeline, a spreadsheet, or a page to print; what the wall shows, or some."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query as UrlQuery
from fastapi.responses import Response

from answerprint import thumbnail
from answerprint.documents import now
from answerprint.errors import AnswerprintError, JobError
from answerprint_studio import printed, search, session, spreadsheet, timeline
from answerprint_studio.session import Line
from answerprint_studio.studio import Here, Studio
from answerprint_studio.takes_api import asked

router = APIRouter(prefix="/api/v1/export", tags=["export"])

MOST, MOST_PRINTED = 2000, 300
PICTURE_WIDTH = 480


def _asked(
    query: Annotated[search.Query, Depends(asked)],
    ids: Annotated[str, UrlQuery(max_length=70_000, description="with commas between them")] = "",
) -> search.Query:
    """The filters of the wall, or these takes alone; in cut order unless another is asked for."""
    named = tuple(one for one in ids.split(",") if one)
    return replace(query, ids=named[:MOST], sort=query.sort or "cut")


Asked = Annotated[search.Query, Depends(_asked)]


@router.get(
    "/otio",
    summary="A timeline: each take as an image sequence, with a marker for each finding and note",
    response_class=Response,
    responses={200: {"content": {"application/vnd.opentimelineio+json": {}}}},
)
def otio(
    studio: Here,
    query: Asked,
    fps: Annotated[float, UrlQuery(gt=0, le=1000, allow_inf_nan=False)] = 24.0,
) -> Response:
    made = timeline.text(_lines(studio, query, MOST), fps, _title())
    return _file(made, "application/vnd.opentimelineio+json", "otio")


@router.get(
    "/csv",
    summary="A spreadsheet: a line for each take, finding and decision",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}},
)
def csv(studio: Here, query: Asked) -> Response:
    return _file(spreadsheet.text(_lines(studio, query, MOST)), "text/csv; charset=utf-8", "csv")


@router.get(
    "/html",
    summary="A page to print, with pictures",
    response_class=Response,
    responses={200: {"content": {"text/html": {}}}},
)
def html(studio: Here, query: Asked) -> Response:
    easel = studio.easel(PICTURE_WIDTH)

    def picture(line: Line, frame: int | None) -> bytes | None:
        try:
            with studio.drawing:
                return thumbnail.of_frame(easel, line.take, frame).path.read_bytes()
        except (AnswerprintError, OSError):  # a take without a picture is listed all the same
            return None

    lines = _lines(studio, query, MOST_PRINTED)
    made = printed.text(lines, _title(), studio.person.name or studio.person.login, picture)
    headers = {"Content-Security-Policy": printed.POLICY, "Cache-Control": "no-store"}
    return Response(made, media_type="text/html; charset=utf-8", headers=headers)


def _lines(studio: Studio, query: search.Query, most: int) -> Iterator[Line]:
    """Raises JobError: more than can be told in one document."""
    trusted = studio.trusted()
    with studio.index.reading() as connection:
        found = list(search.every(connection, query, most + 1))
    if len(found) > most:
        raise JobError(
            f"More than {most:,} takes fit: too many for one document.",
            remedy="Filter them, or choose some.",
        )
    for one in found:
        line = session.line(one, trusted) if studio.is_ours(one) else None
        if line is not None:
            yield line


def _title() -> str:
    return f"Answerprint review {now()[:10]}"


def _file(text: str, kind: str, ending: str) -> Response:
    name = f"review_{now()[:16].replace(':', '').replace('-', '').replace('T', '_')}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(text, media_type=kind, headers=headers)
