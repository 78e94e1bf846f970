"""Decision: what a roll-out becomes when somebody decides about a version. Nothing is written here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from answerprint.documents import Document, did_you_mean, explain
from answerprint.errors import JobError, ModelReplaced, NoSuchTask
from answerprint.offer import Offer
from answerprint.rollout import CANDIDATE, STABLE, Freeze, Rollout, Task

PREVIOUS = "previous"  # the alias of the version that was stable before
SHARES = ("canary", "mirror")
MOST_LISTED = 12

D = TypeVar("D", bound=Document)


@dataclass(frozen=True)
class Held:
    """What a server holds of one task.

    models  version -> SHA-256 of its model, of those that can be used
    broken  version -> why it cannot be
    """

    address: str
    models: Mapping[str, str]
    broken: Mapping[str, str]

    @classmethod
    def of(cls, address: str, task: str, offers: Iterable[Offer]) -> Held:
        mine = [one for one in offers if one.name == task]
        ready = {one.version: one.contract.sha256 for one in mine if one.contract}
        return cls(address, ready, {one.version: one.problem for one in mine if not one.contract})

    def sha256(self, task: str, version: str, written: str | None) -> str:
        """The digest of a version's model; `written`: what the roll-out says it is.

        Raises:
            NoSuchTask: the server lacks it, or cannot offer it; says what it has.
            ModelReplaced: it is another model.
        """
        found = self.models.get(version)
        if found is None:
            listed = sorted(self.models, key=_number)[-MOST_LISTED:]
            why = f": {self.broken[version]}" if version in self.broken else "."
            raise NoSuchTask(
                f"The server at {self.address} has no version {version} of {task} that works{why}",
                remedy=f"It has {', '.join(listed) or 'none at all'}. Put version {version} in its "
                "model repository first; 'answerprint models test' tries it.",
            )
        if written not in (None, found):
            raise ModelReplaced(
                f"Version {version} of {task} at {self.address} is another model, "
                f"{found[:12]}, than the roll-out knows, {str(written)[:12]}: it was changed in "
                "place.",
                remedy="Put the old model back, and give the new one a version of its own. Takes "
                f"of version {version} can be made again with the old one alone.",
            )
        return found


def promoted(rollout: Rollout, task: str, version: str | None, held: Held) -> Rollout:
    """The candidate, or the version, becomes stable; shares end, and `previous` is what was."""
    old = rollout.tasks.get(task)
    if version is None:
        version = _old(rollout, task).candidate
        if version is None:
            raise JobError(
                f"{task} has no candidate to promote.",
                remedy=f"Name a version: 'answerprint models promote {task} VERSION'.",
            )
    if old is None:
        sha256 = held.sha256(task, version, None)
        return _with(rollout, task, {"stable": version, "versions": {version: sha256}})
    version = _numbered(old, version)
    new = _known(old, task, version, held)
    if version == old.stable:
        raise JobError(
            f"{task} is at version {version} already.",
            remedy="Nothing has to be promoted; see 'answerprint models status'.",
        )
    if old.stable in held.models:  # so that the way back is as sure as the way here
        new["versions"].setdefault(old.stable, held.models[old.stable])
    return _with(rollout, task, _moved(new, version, {PREVIOUS: old.stable}))


def rolled_back(rollout: Rollout, task: str, version: str | None) -> Rollout:
    """What was tried last is given to nobody any more. No server is asked.

    That is the candidate, where there is one: stable stays, as it does where it is named. Else the
    version before, or the one named, becomes stable.
    """
    old = _old(rollout, task)
    target = old.aliases.get(PREVIOUS) if version is None else _numbered(old, version)
    if old.candidate is not None and (version is None or target == old.stable):
        return _with(rollout, task, _untried(fields_of(old)))
    if target is None or target == old.stable:
        known = [one for one in sorted(old.versions, key=_number) if one != old.stable]
        raise JobError(
            f"{task} is at version {old.stable}, and there is no version before it to go back to."
            if version is None
            else f"{task} is at version {target} already.",
            remedy=f"Name one: 'answerprint models rollback {task} VERSION'. "
            f"The roll-out knows {', '.join(known[-MOST_LISTED:]) or 'no other'}.",
        )
    # whoever asks for the version before gets this one too: the one that was left is not good
    return _with(rollout, task, _moved(fields_of(old), target, {PREVIOUS: target}))


def canary(
    rollout: Rollout, task: str, percent: float, candidate: str | None, held: Held | None
) -> Rollout:
    """The candidate gets a share of the jobs. Without a server no other version can be named."""
    return _shared(rollout, task, {"canary": percent}, candidate, held)


def mirror(
    rollout: Rollout, task: str, percent: float, candidate: str | None, held: Held | None
) -> Rollout:
    """A share of the jobs is run on the candidate as well."""
    return _shared(rollout, task, {"mirror": percent}, candidate, held)


def halted(rollout: Rollout, task: str) -> Rollout:
    """The candidate gets no job any more, shown or not."""
    old = _old(rollout, task)
    ends = {name: 0 for name in SHARES if getattr(old, name)}
    return _with(rollout, task, {**fields_of(old), **ends})


def pinned(rollout: Rollout, task: str, show: str, named: str, held: Held) -> Rollout:
    """A show gets a version or alias, whatever is stable."""
    old = _old(rollout, task)
    if named == PREVIOUS:
        raise JobError(
            f"'{PREVIOUS}' is another version with each promotion, and pins nothing.",
            remedy=f"Pin the version itself, {old.aliases.get(PREVIOUS, old.stable)}.",
        )
    new = _known(old, task, _numbered(old, named), held)
    return _with(rollout, task, {**new, "pins": {**old.pins, show: named}})


def unpinned(rollout: Rollout, task: str, show: str) -> Rollout:
    old = _old(rollout, task)
    return _with(rollout, task, _without(old, "pins", show, f"{show} has no pin of {task}"))


def aliased(rollout: Rollout, task: str, name: str, version: str, held: Held) -> Rollout:
    """A version gets a name, which may have been another's."""
    old = _old(rollout, task)
    if name in (STABLE, CANDIDATE, PREVIOUS):
        raise JobError(
            f"'{name}' is no alias that can be given: promote and canary set it.",
            remedy="Choose another name.",
        )
    number = _numbered(old, version)
    new = _known(old, task, number, held)
    return _with(rollout, task, {**new, "aliases": {**old.aliases, name: number}})


def unaliased(rollout: Rollout, task: str, name: str) -> Rollout:
    old = _old(rollout, task)
    shows = [show for show, named in old.pins.items() if named == name]
    if shows:
        raise JobError(
            f"The pin of {shows[0]} names '{name}'.", remedy="Pin the show anew, or unpin it."
        )
    return _with(rollout, task, _without(old, "aliases", name, f"{task} has no alias '{name}'"))


def frozen(rollout: Rollout, freeze: Freeze) -> Rollout:
    if freeze.last < freeze.first:
        raise JobError(
            f"The freeze ends on {freeze.last}, before it begins on {freeze.first}.",
            remedy="Give the first day, then the last.",
        )
    for task in freeze.tasks:
        _old(rollout, task)
    if freeze in rollout.freeze:
        return rollout
    return rollout.model_copy(update={"freeze": (*rollout.freeze, freeze)})


def thawed(rollout: Rollout, gone: Iterable[Freeze]) -> Rollout:
    over = list(gone)
    left = tuple(one for one in rollout.freeze if one not in over)
    return rollout.model_copy(update={"freeze": left})


def drained(rollout: Rollout, server: str, why: str) -> Rollout:
    """A server takes nothing new, and why; '': it does again."""
    servers = fields_of(rollout).get("servers", {})
    if why:
        servers[server] = {**servers.get(server, {}), "draining": why}
    elif server in servers:
        del servers[server]
    else:
        raise JobError(
            f"{server} is not being drained.{did_you_mean(server, servers)}",
            remedy=f"Those are: {', '.join(servers) or 'none'}.",
        )
    return _checked(Rollout, {**fields_of(rollout), "servers": servers})


def fields_of(document: Document) -> dict[str, Any]:
    """What somebody wrote, by the names of the fields."""
    return document.model_dump(by_alias=True, exclude_unset=True)


def _shared(
    rollout: Rollout,
    task: str,
    share: dict[str, float],
    candidate: str | None,
    held: Held | None,
) -> Rollout:
    old = _old(rollout, task)
    named = old.candidate if candidate is None else _numbered(old, candidate)
    if named is None:
        raise JobError(
            f"{task} has no candidate to give a share to.",
            remedy="Name one with --candidate VERSION.",
        )
    if named == old.stable:
        raise JobError(
            f"Version {named} of {task} is the stable one; it gets every other job.",
            remedy="Name another with --candidate VERSION.",
        )
    new = fields_of(old) if held is None else _known(old, task, named, held)
    if named != old.candidate:  # what the last one had is not what this one was given
        new |= {"candidate": named, **{name: 0 for name in SHARES if name in new}}
    return _with(rollout, task, {**new, **share})


def _moved(fields: dict[str, Any], stable: str, aliases: dict[str, str]) -> dict[str, Any]:
    """Another version is stable; nothing is tried any more."""
    return {
        **_untried(fields),
        "stable": stable,
        "aliases": {**fields.get("aliases", {}), **aliases},
    }


def _untried(fields: dict[str, Any]) -> dict[str, Any]:
    """Without a candidate, and without the pins of shows to whatever that was."""
    ends = {name: 0 for name in SHARES if name in fields}
    new = {**fields, **ends}
    new.pop("candidate", None)
    if CANDIDATE in new.get("pins", {}).values():
        new["pins"] = {show: named for show, named in new["pins"].items() if named != CANDIDATE}
    return new


def _old(rollout: Rollout, task: str) -> Task:
    found = rollout.tasks.get(task)
    if found is None:
        raise JobError(
            f"The roll-out says nothing of '{task}'.{did_you_mean(task, rollout.tasks)}",
            remedy=f"It says something of {', '.join(rollout.tasks) or 'no task yet'}; "
            f"'answerprint models promote {task} VERSION' begins.",
        )
    return found


def _numbered(task: Task, named: str) -> str:
    """The number of a version or alias."""
    number = task.number(named)
    if number is None:
        names = [STABLE, *task.aliases]
        raise JobError(
            f"'{named}' is no version and no alias.{did_you_mean(named, names)}",
            remedy=f"Name a number or one of {', '.join(names)}.",
        )
    return number


def _known(old: Task, task: str, version: str, held: Held) -> dict[str, Any]:
    """The task's fields with the digest of this version among them."""
    sha256 = held.sha256(task, version, old.versions.get(version))
    return {**fields_of(old), "versions": {**old.versions, version: sha256}}


def _without(old: Task, table: str, key: str, problem: str) -> dict[str, Any]:
    there: dict[str, str] = getattr(old, table)
    if key not in there:
        raise JobError(
            f"{problem}.{did_you_mean(key, there)}",
            remedy=f"There are: {', '.join(there) or 'none'}.",
        )
    return {**fields_of(old), table: {one: value for one, value in there.items() if one != key}}


def _with(rollout: Rollout, task: str, fields: dict[str, Any]) -> Rollout:
    whole = fields_of(rollout)
    return _checked(Rollout, {**whole, "tasks": {**whole.get("tasks", {}), task: fields}})


def _checked(kind: type[D], fields: dict[str, Any]) -> D:
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        raise JobError(
            f"The roll-out would be wrong: {explain(error)}.",
            remedy="Nothing was changed. See 'answerprint models status'.",
        ) from error


def _number(version: str) -> tuple[int, str]:
    return (int(version), version) if version.isdigit() else (0, version)
