"""Takes that can be decided about, made without a server, and people who decide about them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samples import noise, save

from answerprint import documents, medium, review, signing, statement, takes
from answerprint.review import Reviewer, Statement
from answerprint.signing import Signer
from answerprint.statement import Keys, State
from answerprint.takes import Item, Take


@dataclass(frozen=True)
class Desk:
    """Somebody with a key, and whom that person's machine believes."""

    signer: Signer
    trusted: Keys

    @classmethod
    def of(cls, home: Path) -> Desk:
        return cls(signing.own_signer(home), signing.trusted_keys([home / "trust"]))

    def decide(self, take: Take, state: State, note: str = "", **words: Any) -> Statement:
        words = {"tool": "shell", "signer": self.signer, "trusted": self.trusted, **words}
        return review.decide(take, state, note=note, **words)

    def stands(self, take: Take) -> str:
        """The state that stands, and whether it is void."""
        found = review.standing(take, self.trusted)
        if found is None:
            return ""
        return f"{found.state}, void" if found.void_why else found.state

    def take(self, stream: Path, *, frames: int = 2, label: str = "", **facts: Any) -> Take:
        """A complete take of noise; `label`: all of it in one variation."""
        take = takes.claim(stream)
        named = {}
        for number in range(1001, 1001 + frames):
            save(take.part_file(number, label), noise(100 * take.number + number))
            file = takes.commit_frame(take, number, label)
            pixels = medium.digest(medium.read(file))
            named[Item(number, label)] = {"file": file.name, "pixels": pixels, "statement_id": "x"}
        takes.commit(take, named, self.signer, **facts)
        return take


def statement_of(of: Take, state: State = "approved", **words: Any) -> Statement:
    """A statement as `decide` would make it, but for what is said otherwise."""
    plain = {
        "schema": "answerprint.review/v1",
        "id": uuid.uuid4().hex,
        "take": f"{of.name}/{of.label}",
        "claim": str(of.read("claim")["uuid"]),
        "state": state,
        "by": "ann",
        "created": documents.now(),
        "note": "as agreed",
    }
    return statement.make(**{**plain, **words})


def keep(take: Take, said: Statement, signer: Signer) -> Path:
    """Write a statement past all that `decide` looks at; its file."""
    statement.write(take, said, signer)
    return next(statement.folder(take).glob(f"*{said.id}.json"))


def reworded(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a statement in its file, and leave the signature."""
    document = json.loads(file.read_text(encoding="utf-8"))
    change(document["statement"])
    file.write_text(json.dumps(document), encoding="utf-8")


def tree(folder: Path) -> dict[str, bytes | None]:
    """All that lies below a folder, with what it holds."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


__all__ = ["Desk", "Reviewer", "keep", "reworded", "statement_of", "tree"]
