"""Reviews: decisions about a take, made here as everywhere else, in the take's own folder."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query as UrlQuery
from pydantic import BaseModel, ConfigDict, Field

from answerprint import promote, review
from answerprint.documents import count
from answerprint.errors import DecidedMeanwhile, TakeError
from answerprint.statement import MOST_NOTE_BYTES, Drawing
from answerprint.take import Take
from answerprint.takes import following, reopen
from answerprint_studio import cards, detail
from answerprint_studio.detail import Said
from answerprint_studio.studio import Here, Ident, Studio
from answerprint_studio.trouble import Decided, Forbidden

router = APIRouter(prefix="/api/v1", tags=["reviews"])

Label = Annotated[str, Field(pattern=r"^(w\d{3,9})?$")]


class Decision(BaseModel):
    """`seen`: ids of the statements that whoever decides has seen; `force`: decide all the same."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["approved", "retake", "withdrawn", "note"]
    note: Annotated[str, Field(max_length=MOST_NOTE_BYTES)] = ""
    frame: Annotated[int, Field(ge=-(10**9), le=10**9)] | None = None
    variation: Label = ""
    drawings: Annotated[list[Drawing], Field(max_length=1000)] = []
    seen: Annotated[list[str], Field(max_length=10_000)] = []
    force: bool = False


class Kept(Said):
    """The statement that was kept. `remarks`: what could not follow it; it is kept all the same."""

    remarks: list[str]


class Promotion(BaseModel):
    model_config = ConfigDict(extra="forbid")

    variation: Annotated[str, Field(pattern=r"^w\d{3,9}$")]


class Promoted(BaseModel):
    id: str
    take: str


class Outlook(BaseModel):
    """What promoting would do."""

    words: str
    take: str
    frames: int
    cost: cards.Cost | None


@router.post("/takes/{ident}/reviews", status_code=201, summary="Decide, or leave a note")
def decide(studio: Here, ident: Ident, said: Decision) -> Kept:
    take = studio.take(ident)
    _check_may(studio)
    trusted, remarks = studio.trusted(), list[str]()
    with studio.deciding:  # of two of this service the second is told of the first
        try:
            made = review.decide(
                take,
                said.state,
                signer=studio.signer(),
                trusted=trusted,
                tool="studio",
                by=studio.person,
                note=said.note,
                frame=said.frame,
                variation=said.variation,
                drawings=said.drawings,
                seen=said.seen,
                force=said.force,
                remark=remarks.append,
            )
        except DecidedMeanwhile as error:
            told = review.history(take, trusted)
            reviews = [detail.said(one).model_dump() for one in told]
            raise Decided(error.problem, remedy=error.remedy, reviews=reviews) from error
    studio.follower.refresh([take.folder.as_posix()])
    told = review.history(take, studio.trusted())  # a first key is trusted from now on
    kept = next(one for one in told if one.statement and one.statement.id == made.id)
    return Kept(**detail.said(kept).model_dump(), remarks=remarks)


@router.get("/takes/{ident}/promote", summary="What promoting a variation would do")
def outlook(
    studio: Here,
    ident: Ident,
    variation: Annotated[str, UrlQuery(pattern=r"^w\d{3,9}$")],
) -> Outlook:
    take = studio.take(ident)
    resolved = reopen(take)
    if variation not in resolved.variations:
        raise TakeError(
            f"{take.name} {take.label} has no variation {variation}.",
            remedy="Choose one of its wedge.",
        )
    held, wanted = len(take.numbers(variation)), len(resolved.frame_range)
    number = f"v{following(take.folder.parent):03d}"
    if held < wanted:
        raise TakeError(
            f"{variation} has {held} of {count(wanted, 'frame')}.",
            remedy="It can be promoted when it is finished.",
        )
    words = (
        f"{variation} becomes {number}: its {count(held, 'frame')} are copied as they are, nothing "
        f"is run again. All {len(resolved.variations)} stay in {take.label}."
    )
    return Outlook(
        words=words, take=number, frames=held, cost=cards.cost(0.0, studio.settings.site)
    )


@router.post("/takes/{ident}/promote", status_code=201, summary="Make a variation its own take")
def promoted(studio: Here, ident: Ident, said: Promotion) -> Promoted:
    take = studio.take(ident)
    _check_may(studio)
    site = studio.settings.site
    site.check_allowed(take.folder.parent, "Output folder")
    made = promote.promote(
        take, said.variation, signer=studio.signer(), trusted=studio.trusted(), site=site
    )
    studio.follower.refresh([made.folder.as_posix()])
    return Promoted(id=_id(made), take=made.label)


def _id(take: Take) -> str:
    claim: Any = take.read("claim")
    return str(claim["uuid"])


def _check_may(studio: Studio) -> None:
    """Raises Forbidden: nobody decides here."""
    why = studio.cannot_decide()
    if why:
        raise Forbidden(why, remedy="Decide where the service was started, or in Nuke or Houdini.")
