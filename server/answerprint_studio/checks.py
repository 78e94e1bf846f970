"""Checks: the verdict document of a take; of one that is not finished, what its journal has so far."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from answerprint import gated
from answerprint.contract import Contract
from answerprint.errors import AnswerprintError, TakeError
from answerprint.rules import Rules
from answerprint.site import Site
from answerprint.take import Item, Take
from answerprint.verdict import MOST_FINDINGS, ORDER, Verdict, Word, worst
from answerprint_studio.trouble import Gone

Document = dict[str, Any]


def of(take: Take, contract: Contract | None, site: Site) -> Document:
    """What the take was closed with; of one that is not finished what its journal has so far.

    With `so_far`.

    Raises:
        Gone: the take was not judged.
        TakeError: the document cannot be read, or is not the one that was signed.
    """
    if not take.is_complete:
        return _so_far(take, contract, site)
    found = signed(take)
    if found is None:
        raise Gone(
            f"{take.name} {take.label} was not checked.",
            remedy=f"Check it with 'answerprint qc {take.folder.as_posix()}'.",
        )
    return {**found.model_dump(mode="json", by_alias=True), "so_far": False}


def signed(take: Take) -> Verdict | None:
    """The verdict of a complete take; None: it was not judged. Raises TakeError, as `of` does."""
    try:
        return gated.verdict(take)
    except ValidationError as error:
        raise TakeError(
            f"The checks of {take.name} {take.label} cannot be read.",
            remedy=f"Judge it anew with 'answerprint qc {take.folder.as_posix()}'.",
        ) from error


def by_variation(take: Take) -> dict[str, Word]:
    """The worst word of each variation's frames; {} where nothing was judged."""
    found: dict[str, Word] = {}
    try:
        verdict = signed(take)
        for key, one in verdict.frames.items() if verdict else ():
            label = Item.parse(key).variation
            found[label] = worst([found.get(label, "pass"), one.verdict])
    except (TakeError, ValueError):
        return {}
    return found


def _so_far(take: Take, contract: Contract | None, site: Site) -> Document:
    frames: dict[str, Document] = {}
    findings: list[Document] = []
    for event in take.told():
        told = event.get("qc")
        if event["event"] in ("frame", "judged") and isinstance(told, dict):
            _take_in(event, told, frames, findings)
    words: list[Any] = [one["verdict"] for one in frames.values()]
    return {
        "schema": "answerprint.qc/v1",
        "verdict": worst(word for word in words if word in ORDER),
        "profile": {"name": contract.qc_profile if contract else "none", "version": 0},
        "gates": _limits(contract, site, frames),
        "frames": frames,
        "findings": findings[:MOST_FINDINGS],
        "more": max(0, len(findings) - MOST_FINDINGS),
        "seconds": 0.0,
        "so_far": True,
    }


def _take_in(
    event: Document, told: Document, frames: dict[str, Document], findings: list[Document]
) -> None:
    number, variation = event.get("frame"), event.get("variation") or ""
    if not isinstance(number, int) or not isinstance(variation, str):
        return
    key = str(Item(number, variation))
    held = frames.setdefault(key, {"verdict": "pass", "measures": {}})
    word = told.get("verdict")
    if word in ORDER:
        held["verdict"] = worst([held["verdict"], word])
    held["measures"].update(told.get("measures") or {})
    findings += [one for one in told.get("findings") or [] if isinstance(one, dict)]


def _limits(
    contract: Contract | None, site: Site, frames: dict[str, Document]
) -> dict[str, Document]:
    """The gates that have said something, with the limits that the take is held to."""
    measured = {name for one in frames.values() for name in one["measures"]}
    if contract is None or not measured:
        return {}
    try:
        rules = Rules.of(contract, site)
    except AnswerprintError:  # the run itself says so
        return {}
    found = {}
    for name in sorted(measured & rules.gates.keys()):
        gate, rule = rules.gates[name], rules.profile.rule(name)
        limit = rule.block if rule.warn is None else rule.warn
        level = "block" if rule.warn is None and rule.block is not None else "warn"
        found[name] = {
            "title": gate.title,
            "unit": gate.unit,
            "level": level,
            "limit": limit,
            "verdict": "pass",
            "worst": max(
                (one["measures"][name] for one in frames.values() if name in one["measures"]),
                default=None,
            ),
            "at": "",
        }
    return found
