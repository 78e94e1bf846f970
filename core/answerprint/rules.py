"""Rules: the gates that a take is held to, and the limits of its task's profile."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from answerprint import gates as gates_of, profile as profiles
from answerprint.contract import Contract
from answerprint.documents import canonical
from answerprint.gate import Gate, Scope
from answerprint.profile import Profile
from answerprint.site import Site

# of every file, whatever it holds
ANY_KIND = ("layout", "provenance")


@dataclass(frozen=True)
class Rules:
    """A profile, and the gates that there are here.

    note   what to tell of the choice; '' where there is nothing
    """

    profile: Profile
    gates: Mapping[str, Gate]
    note: str = ""

    @classmethod
    def of(cls, contract: Contract, site: Site) -> Rules:
        """Those of a task.

        Raises:
            SetupError: its profile, or the studio's file over it, is wrong.
        """
        name, note = contract.qc_profile, ""
        if name not in profiles.names(site):
            note = (
                f"the task asks for the quality checks of '{name}', which are not there: only those "
                "of every take are made"
            )
            name = profiles.NONE
        return cls.named(name, site, note)

    @classmethod
    def named(cls, name: str, site: Site, note: str = "") -> Rules:
        """Raises SetupError: there is no such profile, or it is wrong."""
        found = gates_of.found()
        return cls(profiles.load(name, site, found), found, note)

    def chosen(self, scope: Scope, kind: str = "") -> list[Gate]:
        """The gates of a scope that are not off; '' for every kind."""
        return [
            gate
            for name, gate in self.gates.items()
            if gate.scope == scope and not self.profile.rule(name).off
            if not kind or gate.kind == kind or name in ANY_KIND
        ]

    @cached_property
    def mark(self) -> str:
        """A digest of all limits: what was judged under other ones is judged again."""
        lines = {name: one.model_dump(mode="json") for name, one in self.profile.gates.items()}
        said = [self.profile.name, self.profile.version, lines]
        return hashlib.sha256(canonical(said)).hexdigest()[:16]
