"""Verbs: what the buttons of a placed node and the items of a menu do. None of them waits."""

from __future__ import annotations

from typing import Callable, Dict, List, Optional

from answerprint_panel import node_words, streams
from answerprint_panel.faults import guarded
from answerprint_panel.host import Document, HostError
from answerprint_panel.placing import PlacingHost
from answerprint_panel.review_verbs import ReviewVerbs
from answerprint_panel.verb_answers import sentences

Pick = Callable[[List[Document], Document], Optional[Document]]


class Verbs(ReviewVerbs):
    """The verbs in one host."""

    def __init__(
        self,
        host: Callable[[], PlacingHost],
        is_open: Callable[[], bool],
        reveal: Callable[[Optional[Document]], None],
    ) -> None:
        super().__init__(host, is_open, reveal)
        self._verbs: Dict[str, Callable[[str], None]] = {
            "older": self._older,
            "newer": self._newer,
            "latest": self._latest,
            "approved": self._approved,
            "finding": self._finding,
            "approve": lambda name: self._decide(name, "approve"),
            "retake": lambda name: self._decide(name, "retake"),
            "withdraw": lambda name: self._decide(name, "withdraw"),
            "verify": self._verify,
            "compare": self._compare,
            "again": self._again,
            "find": self._find,
            "show": self._show,
        }

    @guarded
    def pressed(self, verb: str, name: str) -> None:
        """A button on a placed node's tab."""
        self._from_menu.discard(name)  # its tab is open, and says what there is to say
        self._carry_out(verb, name)

    @guarded
    def selected(self, verb: str) -> None:
        """An item of the menu, for the selected node."""
        try:
            name = self._placed(self.host.selected_name()).node
        except HostError as error:
            self._tell(error, answers=True)
            return
        self._from_menu.add(name)
        self._carry_out(verb, name)

    @guarded
    def chosen(self, name: str) -> None:
        """The menu of takes has chosen one."""
        wanted, now = self.host.chosen(name)
        moving = {node_words.LATEST: self._latest, node_words.APPROVED: self._approved}
        if wanted in moving:
            moving[wanted](name)
        elif wanted and wanted != now:
            self._switch(
                name, lambda takes, _: streams.labelled(takes, wanted), f"{wanted} is not there."
            )

    @guarded
    def refresh(self) -> None:
        """Have all nodes that read takes say what has become of them."""
        self.standing().look()

    @guarded
    def opened(self, name: str) -> None:
        """A node's controls came to sight."""
        self.standing().look([self._placed(name)])

    @guarded
    def script_loaded(self) -> None:
        """Once the script is open and the host is at ease."""
        self.host.later(self._refresh_if_any, 0)

    @guarded
    def _refresh_if_any(self) -> None:
        if self.host.placed():  # else no engine is started for it
            self.standing().look()

    def fault(self, error: Document) -> None:
        """A fault of our own, also where no panel is open to say it."""
        self.host.say(sentences(error))

    # What each button does

    def _carry_out(self, verb: str, name: str) -> None:
        try:
            self.standing()
            self._verbs[verb](name)
        except HostError as error:
            self._say(name, error.as_json())

    def _older(self, name: str) -> None:
        self._switch(name, lambda takes, ours: _next(takes, ours, 1), "This is the oldest take.")

    def _newer(self, name: str) -> None:
        self._switch(name, lambda takes, ours: _next(takes, ours, -1), "This is the newest take.")

    def _latest(self, name: str) -> None:
        self._to(name, "latest", "No take is complete without failing QC.")

    def _approved(self, name: str) -> None:
        self._to(name, "latest_approved", "No take has been approved yet.")

    def _verify(self, name: str) -> None:
        def then(_: Document, ours: Document) -> None:
            host = self.host
            host.signed(name, "being checked")
            placed, script = self._placed(name), host.script()

            @guarded
            def heard(said: List[Document], error: Optional[Document]) -> None:
                if self._is_still(placed, script):
                    self._verified(name, said, error)

            self.session().every(["verify", ours["path"]], heard)

        self._versions(name, then)

    def _compare(self, name: str) -> None:
        host = self.host
        plate = host.plate(self._placed(name).identity)
        if plate is None:
            raise HostError(
                "The plate of this take is not in this script.",
                f"Bring its {host.reader} in, then compare.",
            )
        self._note(name, host.compare({"node": name}, {"node": plate}) or "")

    def _again(self, name: str) -> None:
        def then(_: Document, ours: Document) -> None:
            placed, script = self._placed(name), self.host.script()

            @guarded
            def heard(answer: Document) -> None:
                if self._is_still(placed, script):
                    self._begun(name, answer)

            self.session().rerun(ours["path"], heard)

        self._versions(name, then)

    def _find(self, name: str) -> None:
        """Read the node's take where it lies now."""

        def then(answer: Document, ours: Document) -> None:
            host = self.host
            if streams.read(answer["takes"], self._placed(name)) is not None:
                self._note(name, "It reads its take where it lies.")
            else:
                host.found_again(name, ours)
                host.offer(name, answer["takes"])

        self._versions(name, then)

    def _show(self, name: str) -> None:
        self._versions(name, lambda _, ours: self._reveal(ours))

    def _switch(self, name: str, pick: Pick, none: str) -> None:
        def then(answer: Document, ours: Document) -> None:
            host, takes = self.host, answer["takes"]
            wanted = pick(takes, ours)
            host.offer(name, takes)
            if wanted is None:
                host.mark(name, ours)  # the menu goes back to what is read
                self._note(name, none)
            elif wanted.get("uuid") != ours.get("uuid"):
                host.switch(name, wanted)
                host.note(name, "")

        self._versions(name, then)

    def _to(self, name: str, which: str, none: str) -> None:
        def then(answer: Document, ours: Document) -> None:
            label = answer.get(which)
            wanted = streams.labelled(answer["takes"], str(label)) if label else None
            host = self.host
            if wanted is None or wanted.get("uuid") == ours.get("uuid"):
                host.mark(name, ours)  # the menu goes back to what is read
                self._note(name, none if wanted is None else f"{label} is what this node reads.")
            else:
                host.offer(name, answer["takes"])
                host.switch(name, wanted)
                host.note(name, "")

        self._versions(name, then)

    # Answers

    def _verified(self, name: str, said: List[Document], error: Optional[Document]) -> None:
        host = self.host
        takes = [one for one in said if one.get("kind") == "take"]
        bad = [one for one in said if one.get("verdict") != "OK"]
        if error is not None or not said:
            host.signed(name, "not checked")
            self._say(name, error or {})
        elif not bad:
            why = str(takes[-1].get("why") if takes else "")
            self._safely(
                name, lambda: host.signed(name, f"checked, every frame is as signed. {why}".strip())
            )
        else:
            first = bad[0]
            file = str(first.get("path", "")).rpartition("/")[2]
            words = f"NOT as signed: {file}: {first.get('why') or first.get('verdict')}"
            more = f", and {len(bad) - 1} more" if len(bad) > 1 else ""
            self._safely(name, lambda: host.signed(name, words + more))

    def _begun(self, name: str, answer: Document) -> None:
        if "error" in answer:
            self._say(name, answer)
        else:
            self._note(name, "Runs again as a new take; the panel shows how far it is.")


def _next(takes: List[Document], ours: Document, way: int) -> Optional[Document]:
    """The complete take before or after ours; the list is newest first."""
    usable = [one for one in takes if one.get("state") == "complete" or one is ours]
    index = usable.index(ours) + way
    return usable[index] if 0 <= index < len(usable) else None
