"""Verbs of reviews: to the frame of what was found, approve, retake, take back. None of them waits."""

from __future__ import annotations

from answerprint_panel import judged, node_words, reviewing, words
from answerprint_panel.faults import guarded
from answerprint_panel.host import Document, HostError, Placed
from answerprint_panel.verb_answers import Answers


class ReviewVerbs(Answers):
    """What a person does about the take of a placed node."""

    def _finding(self, name: str) -> None:
        """To the frame of the worst finding, with the node in the viewer."""

        def then(_: Document, ours: Document) -> None:
            frame = judged.frame(ours)
            if frame is None:
                self._note(
                    name, judged.warning(ours) or "Nothing was found in a frame of this take."
                )
                return
            host = self.host
            host.go_to(frame + self._offset(name), name)
            self._note(name, words.joined([judged.reason(ours), node_words.finding(ours)], "; "))

        self._versions(name, then)

    def _offset(self, name: str) -> int:
        """How much later the script shows a node's frames than they are numbered."""
        try:
            return self.host.source(name).offset
        except HostError:
            return 0

    def _decide(self, name: str, verb: str) -> None:
        """Where the tab did not say yet what somebody else has decided, it says that first."""

        def then(answer: Document, ours: Document) -> None:
            host = self.host
            shown, note = host.reviewed(name), host.remark(name)
            host.mark(name, ours)
            host.offer(name, answer["takes"])
            if shown != host.reviewed(name):
                pressed = reviewing.ASKED[verb]
                said = words.sentence(host.reviewed(name))
                self._note(name, f"{said} Press {pressed} again to decide all the same.")
                return
            placed, script = self._placed(name), host.script()

            @guarded
            def heard(told: Document) -> None:
                if self._is_still(placed, script):
                    done = reviewing.done(ours, verb)
                    self._safely(name, lambda: self._decided(placed, told, done))
                elif "error" in told:  # the node reads something else by now, or is gone
                    said = f"{name}: {told.get('problem')}"
                    self._tell(HostError(said, str(told.get("remedy") or "")), answers=False)

            reviewing.decide(self.session(), ours, verb, heard, note=note)

        self._versions(name, then)

    def _decided(self, placed: Placed, told: Document, done: str) -> None:
        if told.get("problem") == reviewing.NO_NOTE["problem"]:
            self._note(
                placed.node,
                "Write what shall be done differently into 'Retake note', then press Retake.",
            )
        elif "error" in told:
            self._say(placed.node, told)
        else:
            self.host.remarked(placed.node)
            self._note(placed.node, words.stopped(done))
        self.standing().look([placed])
