"""The user's jobs as the engine told of them, newest first."""

from __future__ import annotations

from typing import Dict, List, Set, Tuple

from answerprint_panel.host import Document


class JobBook:
    """Keeps the last that was said of each; tells what has changed once a turn, however much came.

    changed     `jobs`, `takes`: what has, since it was last emptied
    """

    def __init__(self) -> None:
        self.changed: Set[str] = set()
        self._jobs: Dict[str, Document] = {}
        self._unseen: Set[str] = set()

    @property
    def jobs(self) -> List[Document]:
        newest_first = sorted(self._jobs.items(), key=lambda item: _age(*item), reverse=True)
        return [job for _, job in newest_first]

    def write(self, document: Document) -> None:
        name = document.get("job")
        if not isinstance(name, str):
            return
        self._unseen.discard(name)
        before = self._jobs.get(name, {})
        if document.get("state") == "forgotten":
            self._jobs.pop(name, None)
        else:
            self._jobs[name] = document
        self.changed.add("jobs")
        if any(before.get(key) != document.get(key) for key in ("take", "state")):
            self.changed.add("takes")

    def expect(self) -> None:
        """All of them are told anew from here on."""
        self._unseen = set(self._jobs)

    @property
    def expects(self) -> bool:
        return bool(self._unseen)

    def drop_unseen(self) -> None:
        """Jobs that were forgotten while no engine was there to say so."""
        for name in self._unseen & set(self._jobs):
            del self._jobs[name]
            self.changed.add("jobs")
        self._unseen = set()


def _age(name: str, job: Document) -> Tuple[str, str]:
    return str(job.get("started") or ""), name
