"""Offers: what a server has to offer, told by its own index and each model's configuration."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from answerprint import contract, faults
from answerprint.contract import Contract
from answerprint.errors import ContractError

CONTRACT, LOADING = "contract", "reloaded"
FARM = (
    "-farm"  # is added to a task's name for its second model; no task has such a sign in its name
)


@dataclass(frozen=True)
class Offer:
    """One model on the server: its contract, or why it cannot be offered.

    instances   so many frames it works on at once
    loading     changes each time that a client has had it loaded again
    """

    name: str
    version: str
    contract: Contract | None
    problem: str = ""
    instances: int = 1
    loading: str = ""

    @property
    def is_lane(self) -> bool:
        """Whether it is the second model of a task, which runs of many frames use."""
        task = self.name.removesuffix(FARM)
        return task != self.name and (self.contract is None or self.contract.task == task)

    def usable(self) -> Contract:
        """The contract. Raises ContractError: there is none."""
        if self.contract is None:
            raise ContractError(
                f"Task {self.name} cannot be used: {self.problem}",
                remedy="Tell the pipeline team; the server's log says more.",
            )
        return self.contract


def of_model(model: Mapping[str, str], config: Mapping[str, Any]) -> Offer:
    """The offer that a ready model makes: `model` from the index, `config` its configuration."""
    name, version = model["name"], model.get("version", "")
    text = _carried(config, f"{CONTRACT}.{version}") or _carried(config, CONTRACT)
    if text is None:
        return Offer(name, version, None, "it carries no contract.")
    try:
        found = contract.parse(text, where=f"model {name}")
        if version and not found.describes(version):
            return Offer(name, version, None, f"version {version} carries no contract of its own.")
        return Offer(name, version, found, "", _instances(config), loading(config))
    except ContractError as error:
        return Offer(name, version, None, error.problem)


def _carried(config: Mapping[str, Any], key: str) -> str | None:
    found = config.get("parameters", {}).get(key, {}).get("string_value")
    return None if found is None else str(found)


def loading(config: Mapping[str, Any]) -> str:
    """The mark of the last time that a client had a model loaded again; empty if none did."""
    return _carried(config, LOADING) or ""


def _instances(config: Mapping[str, Any]) -> int:
    """Of all groups; on GPUs a count is one for each of them."""
    groups = config.get("instance_group", [])
    return sum(int(one.get("count", 1)) * max(1, len(one.get("gpus", []))) for one in groups) or 1


def tasks(offers: Iterable[Offer], versions: Mapping[str, str] | None = None) -> list[Offer]:
    """Those that people choose from: one for each task, without second models.

    `versions`: task -> version to show of several; else the newest that can be used.
    """
    found: dict[str, Offer] = {}
    for one in offers:
        if one.is_lane:
            continue
        best = found.get(one.name)
        meant = (versions or {}).get(one.name)
        if best is None or (one.version == meant or (one.contract and best.version != meant)):
            found[one.name] = one
    return list(found.values())


def farm_lane(offer: Offer, offers: Iterable[Offer]) -> Offer:
    """The second model of a task among `offers`; itself where none is ready that is the same."""
    same = (f"{offer.name}{FARM}", offer.version, offer.contract)
    fitting = (one for one in offers if (one.name, one.version, one.contract) == same)
    return next(fitting, offer)


def not_ready(model: Mapping[str, str]) -> Offer:
    """What stands in the index of a model that cannot be used, with the reason it gives."""
    said = faults.first_line(model.get("reason", "")) or "no reason given"
    state = model.get("state", "not loaded").lower()
    return Offer(model["name"], model.get("version", ""), None, f"it is {state}, {said}.")


def order(model: Mapping[str, str]) -> tuple[str, float]:
    """By name, then by version as a number."""
    version = model.get("version", "")
    return model["name"], int(version) if version.isdigit() else -math.inf
