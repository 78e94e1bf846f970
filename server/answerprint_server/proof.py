"""Proof: every golden case of a repository asked of its model, on a server of its own.

A case that is broken, or a model that is not served, is a verdict as any other: the rest goes on.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from answerprint.contract import Contract
from answerprint.errors import AnswerprintError, ServerError
from answerprint.triton import Offer, Server
from answerprint_server import golden, private, stubs
from answerprint_server.golden import Case, Images

# pass    within its tolerance
# fail    it answers otherwise
# new     nothing was expected yet, and now is: what it answered
# broken  the case cannot be used
# absent  the model cannot be asked, or has no case
Verdict = Literal["pass", "fail", "new", "broken", "absent"]
GOOD = ("pass", "new")


@dataclass(frozen=True)
class Proof:
    """What came of one case.

    worst    the greatest difference, in parts of the value where that is beyond 1; None: not known
    output   in which it is
    seconds  there and back; `inside` those of the model itself
    memory   the most that the model's process held until then, bytes
    found, wanted   the answers, for pictures; empty where there are none
    """

    task: str
    case: str
    verdict: Verdict
    problem: str = ""
    remedy: str = ""
    about: str = ""
    version: str = ""
    tolerance: float = 0.0
    worst: float | None = None
    output: str = ""
    seconds: float = 0.0
    inside: float | None = None
    memory: int | None = None
    contract: Contract | None = field(default=None, repr=False)
    found: Images = field(default_factory=dict, repr=False)
    wanted: Images = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        return f"{self.task}/{self.case}" if self.case else self.task

    @property
    def is_good(self) -> bool:
        return self.verdict in GOOD

    def as_json(self) -> dict[str, Any]:
        worst = self.worst if self.worst is not None and np.isfinite(self.worst) else None
        return {
            "task": self.task,
            "case": self.case,
            "version": self.version,
            "verdict": self.verdict,
            "problem": self.problem,
            "remedy": self.remedy,
            "output": self.output,
            "worst": worst,
            "tolerance": self.tolerance,
            "seconds": round(self.seconds, 4),
            "model_seconds": self.inside,
            "memory": self.memory,
        }


def prove(
    models: Iterable[Path], *, version: str | None = None, expect: bool = False
) -> Iterator[Proof]:
    """Ask each model all its cases; the newest version, or the one that is named.

    expect   where nothing is expected yet, what a model answers now is written down as that

    Raises:
        SetupError, ServerError, TakeError: the server cannot be started; see `private.served`.
    """
    folders = list(models)
    with private.served(folders) as state, Server(state.address) as server:
        for model in folders:
            for one in _of(model, server, version, expect=expect):
                yield _weighed(one, state.prefix)


def _of(model: Path, server: Server, version: str | None, *, expect: bool) -> Iterator[Proof]:
    try:
        offer = server.offer(model.name, version)
        offer.usable()
    except ServerError as error:
        yield Proof(model.name, "", "absent", *private.said(error))
        return
    cases = golden.folders(model)
    if not cases:
        remedy = (
            "Write golden/<case>/case.json and its input; see 'answerprint models test --help'."
        )
        yield Proof(model.name, "", "absent", "It has no golden case.", remedy)
    for folder in cases:
        try:
            case = golden.read(folder)
        except AnswerprintError as error:
            yield Proof(model.name, folder.name, "broken", error.problem, error.remedy)
            continue
        yield _asked(case, offer, server, expect=expect)


def _asked(case: Case, offer: Offer, server: Server, *, expect: bool) -> Proof:
    contract, start = offer.usable(), time.perf_counter()
    facts: dict[str, Any] = {
        "about": case.about,
        "version": offer.version,
        "tolerance": case.tolerance,
        "contract": contract,
    }
    try:
        is_new = not case.truth.is_file()
        if is_new and not expect:
            return Proof(case.task, case.folder.name, "broken", *_nothing_expected(case), **facts)
        wanted = {} if is_new else golden.expected(case, contract)
        start = time.perf_counter()
        answer = golden.ask(case, server, offer)
        facts["seconds"] = time.perf_counter() - start
        facts["inside"] = _number(answer.report.get("model_seconds"))
        facts["found"] = answer.images
        if is_new:
            return _written(case, contract, answer.images, facts)
    except AnswerprintError as error:
        verdict: Verdict = "fail" if isinstance(error, ServerError) else "broken"
        return Proof(case.task, case.folder.name, verdict, *private.said(error), **facts)
    return _compared(case, answer.images, wanted, facts)


def _compared(case: Case, found: Images, wanted: Images, facts: dict[str, Any]) -> Proof:
    facts["wanted"] = wanted
    if found.keys() != wanted.keys():
        said = f"It gives {_names(found)}, and {_names(wanted)} is expected."
        remedy = "Look at the contract's outputs, or have the case written anew."
        return Proof(case.task, case.folder.name, "fail", said, remedy, **facts)
    differences = {name: golden.difference(found[name], wanted[name]) for name in wanted}
    output = max(differences, key=differences.__getitem__)
    facts |= {"output": output, "worst": differences[output]}
    if differences[output] <= case.tolerance:
        return Proof(case.task, case.folder.name, "pass", **facts)
    said = _said(found[output], wanted[output], output, case.tolerance)
    remedy = (
        "Look at the pictures of the report. If it is meant so, delete "
        f"{case.truth.name} and run with --expect."
    )
    return Proof(case.task, case.folder.name, "fail", said, remedy, **facts)


def _said(found: Any, wanted: Any, output: str, tolerance: float) -> str:
    """How it differs, with the place of the greatest difference."""
    if found.shape != wanted.shape:
        return f"{output} is of shape {found.shape}, and {wanted.shape} is expected."
    if not np.isfinite(found).all():
        count = int((~np.isfinite(found)).sum())
        return f"{output} has {count:,} of {found.size:,} samples that are NaN or infinite."
    apart = np.abs(found - wanted) / np.maximum(1, np.abs(wanted))
    place = np.unravel_index(int(apart.argmax()), apart.shape)
    beyond = int((apart > tolerance).sum())
    return (
        f"{output} differs by {apart.max():.3g}, and {tolerance:g} is tolerated; {beyond:,} of "
        f"{found.size:,} samples do. At {tuple(int(one) for one in place)} it is "
        f"{found[place]:.6g}, and {wanted[place]:.6g} is expected."
    )


def _written(case: Case, contract: Contract, images: Images, facts: dict[str, Any]) -> Proof:
    """What was found becomes what is expected."""
    strange = [name for name, one in images.items() if not np.isfinite(one).all()]
    if strange:
        said = f"{strange[0]} holds NaN or infinity, which nobody expects: nothing was written."
        remedy = "Have the model corrected."
        return Proof(case.task, case.folder.name, "fail", said, remedy, **facts)
    try:
        golden.write_expected(case, contract, images)
    except OSError as error:
        said = f"{case.truth.as_posix()} cannot be written: {error.strerror}."
        return Proof(case.task, case.folder.name, "broken", said, "Check your rights.", **facts)
    said = f"{case.truth.name} was written: look at it."
    return Proof(case.task, case.folder.name, "new", said, "", **facts)


def _nothing_expected(case: Case) -> tuple[str, str]:
    return (
        f"It has no {case.truth.name} yet.",
        f"Run: answerprint models test {case.task} --expect, and look at what it made.",
    )


def _weighed(one: Proof, prefix: str) -> Proof:
    """It, with the most memory that any of its model's processes held."""
    pids = stubs.named(prefix).get(one.task, [])
    held = [peak for pid in pids if (peak := stubs.peak_memory(pid)) is not None]
    if not held:
        return one
    return Proof(**{**one.__dict__, "memory": max(held)})


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _names(images: Collection[str]) -> str:
    return ", ".join(images) or "nothing"
