"""What the verbs of placed nodes have in common: takes are asked for, and answers are said on the node."""

from __future__ import annotations

from typing import Any, Callable, Optional, Set

from answerprint_panel import faults, streams
from answerprint_panel.faults import guarded
from answerprint_panel.host import Document, HostError, Placed
from answerprint_panel.placing import PlacingHost

Then = Callable[[Document, Document], None]  # the stream's takes as `versions` says them, ours


class Answers:
    """Asks the engine about nodes of one host, and says what it answers.

    is_open     whether somebody can see a panel
    reveal      brings the panel to sight, and a take in it
    """

    def __init__(
        self,
        host: Callable[[], PlacingHost],
        is_open: Callable[[], bool],
        reveal: Callable[[Optional[Document]], None],
    ) -> None:
        self._host, self._is_open, self._reveal = host, is_open, reveal
        # nodes whose tab need not be open: what is noted there is said as well
        self._from_menu: Set[str] = set()

    @property
    def host(self) -> PlacingHost:
        return self._host()

    def standing(self) -> Any:
        from answerprint_panel import standing  # noqa: PLC0415 - takes Qt; not before it is needed

        return standing.of(self.session(), self.host)

    def session(self) -> Any:
        from answerprint_panel import session  # noqa: PLC0415 - takes Qt; not before it is needed

        return session.of(self.host)

    # Takes of a stream

    def _placed(self, name: str) -> Placed:
        return self.host.placed_at(name)

    def _is_still(self, placed: Placed, script: Optional[str]) -> bool:
        """Whether a node is what it was when something was asked for it; else the answer is not its own."""
        host = self.host
        try:
            return host.script() == script and streams.unchanged(
                host.placed_at(placed.node), placed
            )
        except HostError:
            return False

    def _versions(self, name: str, then: Then) -> None:
        placed, script = self._placed(name), self.host.script()

        @guarded
        def heard(answer: Document) -> None:
            if not self._is_still(placed, script):
                return
            if "error" in answer or "takes" not in answer:
                self._say(name, answer)
                return
            ours = streams.ours(answer["takes"], placed)
            if ours is None:
                take = placed.identity.get("take", "take")
                self.host.unknown(name, f"This node's {take} is not among the takes any more.")
                return
            self._safely(name, lambda: then(answer, ours))

        self.session().first(streams.asked(placed, script), heard)

    # What is said

    def _safely(self, name: str, deed: Callable[[], None]) -> None:
        """An answer may come when its node is gone."""
        try:
            deed()
        except HostError as error:
            self._say(name, error.as_json())

    def _say(self, name: str, error: Document) -> None:
        self.host.note(name, sentences(error))
        trouble = HostError(
            f"{name}: {error.get('problem') or 'The engine did not answer.'}",
            str(error.get("remedy") or ""),
            error.get("fix"),
        )
        self._tell(trouble, answers=name in self._from_menu)

    def _note(self, name: str, text: str) -> None:
        """On the node's tab; where that need not be open, also in sight."""
        self.host.note(name, text)
        if text and name in self._from_menu:
            self._tell(HostError(text, ""), answers=True)

    def _tell(self, error: HostError, *, answers: bool) -> None:
        """In the panel, if one is open; else as the host can."""
        if self._is_open():
            faults.tell(error.as_json())
        else:
            self.host.say(f"{error.problem} {error.remedy}".strip(), answers=answers)


def sentences(error: Document) -> str:
    said = [
        str(error.get("problem") or "The engine did not answer."),
        str(error.get("remedy") or ""),
    ]
    return " ".join(filter(None, said))
