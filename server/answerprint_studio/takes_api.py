"""Takes: the wall, one take with all that the player shows of it, and its checks."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query as UrlQuery
from pydantic import BaseModel

from answerprint.errors import JobError, TakeError
from answerprint_studio import cards, checks, detail, search
from answerprint_studio.cards import Wall
from answerprint_studio.detail import Detail
from answerprint_studio.studio import Here, Ident

router = APIRouter(prefix="/api/v1", tags=["takes"])

Word = Annotated[str, UrlQuery(max_length=200)]


class Health(BaseModel):
    """`ready`: all folders were looked at once since the service began."""

    status: str
    ready: bool
    takes: int


class Me(BaseModel):
    name: str
    login: str
    canDecide: bool  # noqa: N815 - as the page reads it
    why: str


@router.get("/health", summary="Whether the service works")
def health(studio: Here) -> Health:
    return Health(status="ok", ready=studio.follower.is_ready.is_set(), takes=studio.index.count())


@router.get("/me", summary="Who decides here")
def me(studio: Here) -> Me:
    why = studio.cannot_decide()
    who = studio.person
    return Me(name=who.name or who.login, login=who.login, canDecide=not why, why=why)


def asked(  # one parameter each: that is what the document and the page name
    *,
    q: Word = "",
    show: Word = "",
    sequence: Word = "",
    shot: Word = "",
    task: Word = "",
    model: Word = "",
    artist: Word = "",
    qc: Word = "",
    state: Word = "",
    review: Word = "",
    newest: bool = False,
    group: Annotated[Word, UrlQuery(json_schema_extra={"enum": ["", *search.GROUPS]})] = "",
    sort: Annotated[Word, UrlQuery(json_schema_extra={"enum": ["", *search.ORDERS]})] = "",
    limit: Annotated[int, UrlQuery(ge=1, le=search.MOST)] = 60,
    cursor: Annotated[str, UrlQuery(max_length=2000)] = "",
) -> search.Query:
    return search.Query(**locals())


@router.get("/takes", summary="The wall: takes that fit, and how many of each kind there are")
def wall(studio: Here, query: Annotated[search.Query, Depends(asked)]) -> Wall:
    found = search.find(studio.index, query)
    studio.follower.watch(one["folder"] for one in found.entries)
    return Wall(
        takes=[cards.of(one, studio.settings.site) for one in found.entries],
        next=found.next,
        total=found.total,
        all=found.all,
        counts=found.counts,
        groups=[cards.Group(**one) for one in found.groups],
    )


@router.get("/takes/{ident}", summary="One take, with all that the player shows beside it")
def one(studio: Here, ident: Ident) -> Detail:
    return detail.of(studio, ident)


@router.get("/takes/{ident}/qc", summary="What its checks found; of a running one, so far")
def found(studio: Here, ident: Ident) -> dict[str, Any]:
    take = studio.take(ident)
    try:
        contract = studio.box.resolved(take).contract
    except (TakeError, JobError):  # its card says what is wrong with it
        contract = None
    return checks.of(take, contract, studio.settings.site)
