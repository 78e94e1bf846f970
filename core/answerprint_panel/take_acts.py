"""What can be done with a take: each act asks the engine or the host, and says what came of it."""

from __future__ import annotations

import functools
from typing import Any, Callable, Dict, List, Optional, Set

from answerprint_panel import judged, reviewing, streams, take_words, words
from answerprint_panel.host import HostError, Placed
from answerprint_panel.life import Life
from answerprint_panel.session import Session

Document = Dict[str, Any]
Say = Callable[[str], None]
Fail = Callable[[Document], None]


class TakeActs:
    """Acts on takes for a panel.

    say, fail   told what came of it: a sentence, or an error document
    decided     a review was asked for, whatever came of it, or a take is gone: takes say something
                else now
    life        of the panel: nothing is said when that is over
    beside      the node that a take is placed beside, where its own is not there any more
    """

    def __init__(
        self, session: Session, say: Say, fail: Fail, life: Life, decided: Callable[[], None]
    ) -> None:
        self._session, self._host = session, session.host
        self._say, self._fail, self._life, self._decided = say, fail, life, decided
        self.beside: Optional[str] = None
        self._asking: Set[str] = set()

    def place(self, take: Document) -> None:
        self._anew(take, self._place)

    def _place(self, take: Document) -> None:
        """One that failed is placed as well, and says so."""
        node = self._host.place(take, self._near(take))
        placed, warning = f"{self._host.reader} placed: {node}", judged.warning(take)
        self._say(f"{placed}. {warning}" if warning else placed)

    def compare_with_input(self, take: Document) -> None:
        """With the node it was made from, where that is in the script; else with the plate's files."""
        self._anew(take, self._compare_with_input)

    def _compare_with_input(self, take: Document) -> None:
        node = self._node(str(take.get("node") or ""))
        other = {"node": node} if node else {"take": plate_of(take)}
        left = self._host.compare({"take": take}, other)
        named = node or words.stem(str(take.get("plate") or ""))
        self._say(self._compared(take, named, left))

    def compare(self, take: Document, other: Document) -> None:
        def act(one: Document, two: Document) -> None:
            left = self._host.compare({"take": one}, {"take": two})
            self._say(self._compared(one, str(two.get("take")), left))

        self._anew(take, lambda one: self._anew(other, functools.partial(act, one)))

    def _anew(self, take: Document, act: Callable[[Document], None]) -> None:
        """Act on a take as it is by now: it was listed while it still ran, or has gone since.

        One press is one act: another one has to wait for the engine's answer.
        """
        path, label, script = str(take.get("path") or ""), str(take.get("take")), self._script()
        if path in self._asking:
            self._say(f"{label} is being looked at")
            return
        self._asking.add(path)

        def heard(versions: Document) -> None:
            self._asking.discard(path)
            now = _same(versions.get("takes") or [], take)
            if self._script() != script:
                self._say(f"Another script is open by now: nothing was done with {label}")
            elif now is not None:
                self._try(lambda: act(now))
            else:
                self._fail(versions if "error" in versions else _gone(take))
                self._decided()

        argv = ["versions", path] + (["--uuid", str(take["uuid"])] if take.get("uuid") else [])
        self._session.first(argv, self._life(heard))

    def _compared(self, take: Document, other: str, left: Optional[str]) -> str:
        """What stands in the viewer, and what the host leaves for the artist to press."""
        said = f"{take.get('take', 'The take')} against {other}, in the {self._host.viewer}"
        return f"{said}. {left}" if left else said

    def decide(
        self,
        take: Document,
        verb: str,
        note: str = "",
        *,
        blindly: bool = False,
        kept: Callable[[], None] = lambda: None,
    ) -> None:
        """Approve, ask for a retake, take back: see `reviewing.decide`; `kept`: called when it is."""
        if take_words.is_unfinished(take):
            self._say("Only a take that is finished can be reviewed")
            return

        def then(answer: Document) -> None:
            if "error" in answer:
                self._fail(answer)
            else:
                kept()
                self._say(reviewing.done(take, verb))
            self._decided()

        reviewing.decide(self._session, take, verb, self._life(then), note=note, blindly=blindly)

    def go_to(self, take: Document, frame: Optional[int]) -> None:
        """Have the host stand at a frame of a take, and show the node that reads it."""
        if frame is not None:
            self._try(lambda: self._go_to(take, frame))

    def _go_to(self, take: Document, frame: int) -> None:
        found = [one.node for one in self._host.placed() if streams.read([take], one)]
        node = found[0] if found else None
        near = node or self._node(str(take.get("node") or ""))
        self._host.go_to(frame + (self._offset(near) if near else 0), node)
        label = str(take.get("take") or "It")
        said = f"{self._host.title} stands at frame {frame} of {label}"
        self._say(said if node else f"{said}, which is not placed yet")

    def _offset(self, node: str) -> int:
        """How much later the script shows a node's frames than they are numbered."""
        try:
            found: int = self._host.source(node).offset
        except HostError:
            return 0
        return found

    def run_again(self, take: Document) -> None:
        def then(answer: Document) -> None:
            if "error" in answer:
                self._fail(answer)
            else:
                self._say(f"{take.get('take', 'It')} runs again, as a new take")

        self._session.rerun(str(take["path"]), self._life(then))

    def resume(self, take: Document) -> None:
        def then(answer: Document) -> None:
            if "error" in answer:
                self._fail(answer)
            else:
                self._say(f"{take.get('take', 'It')} goes on")

        self._session.resume(str(take["path"]), self._life(then))

    def keep_variation(self, take: Document, label: str) -> None:
        """Make a take of its own of one variation."""

        def then(answer: Document) -> None:
            if "error" in answer:
                self._fail(answer)
            else:
                self._say(f"{label} of {take.get('take')} is a take of its own now")

        self._session.first(["promote", f"{take['path']}/{label}"], self._life(then))

    def placed(self, take: Document) -> List[Placed]:
        """Nodes of the script that read a take of the same stream."""
        try:
            found = self._host.placed()
        except HostError as error:
            self._fail(error.as_json())
            return []
        return [one for one in found if _same_stream(one, take)]

    def switch(self, placed: Placed, step: str) -> None:
        """Have a node read another take: `older`, `newer`, `latest`, `approved`, or one by its label."""
        identity = placed.identity
        argv = ["versions"]
        for flag in ("root", "stream", "uuid"):
            if identity.get(flag):
                argv += [f"--{flag}", str(identity[flag])]
        script = self._script()
        argv += ["--beside", script] if script else []

        def then(versions: Document) -> None:
            if "error" in versions:
                self._fail(versions)
            else:
                self._try(lambda: self._switch(placed, versions, step))

        self._session.first(argv, self._life(then))

    def _switch(self, placed: Placed, versions: Document, step: str) -> None:
        takes = [take for take in versions.get("takes") or [] if take.get("first") is not None]
        now = str(versions.get("take") or placed.identity.get("take") or "")
        wanted = _stepped(takes, now, step, versions)
        if wanted is None:
            self._say(_no_step(now, step, versions))
            return
        self._host.switch(placed.node, wanted)
        self._say(f"{placed.node} reads {wanted['take']} now")

    def show_node(self, placed: Placed) -> None:
        self._try(lambda: self._host.show(placed.node))

    def _near(self, take: Document) -> Optional[str]:
        own = self._node(str(take.get("node") or ""))
        return own or (self._node(self.beside) if self.beside else None)

    def _node(self, name: str) -> Optional[str]:
        """The name, where there is such a node."""
        if not name:
            return None
        try:
            self._host.source(name)
        except HostError:
            return None
        return name

    def _script(self) -> Optional[str]:
        try:
            found: Optional[str] = self._host.script()
        except HostError:
            return None
        return found

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except HostError as error:
            self._fail(error.as_json())


def plate_of(take: Document) -> Document:
    """A take's plate in the form of a take, for hosts that only want to show it.

    Raises HostError: the take does not say what it was made from.
    """
    plate = str(take.get("plate") or "")
    if not plate:
        raise HostError(
            f"{take.get('take', 'The take')} does not say which plate it was made from.",
            remedy="Compare it with another take.",
        )
    return {
        "pattern": plate,
        "first": take.get("first"),
        "last": take.get("last"),
        "name": words.stem(plate),
        "take": "",
        "colour": take.get("colour"),
        "data": False,
        "word": "Plate",
        "standing": "",
    }


def _same(takes: List[Document], take: Document) -> Optional[Document]:
    """A take among those that the engine tells now; None: it is not there any more."""
    key = "uuid" if take.get("uuid") else "path"
    return next((one for one in takes if one.get(key) == take.get(key)), None)


def _gone(take: Document) -> Document:
    return HostError(
        f"{take.get('take') or 'The take'} is not among the takes any more.",
        remedy=f"Look whether {take.get('path')} is there.",
    ).as_json()


def _same_stream(placed: Placed, take: Document) -> bool:
    identity = placed.identity
    stream = identity.get("stream")
    return bool(stream) and stream == take.get("stream")


MOVING = {"latest": "latest", "approved": "latest_approved"}


def _stepped(takes: List[Document], now: str, step: str, versions: Document) -> Optional[Document]:
    """The take that a step leads to; they are newest first."""
    labels = [str(take.get("take")) for take in takes]
    if step in ("older", "newer"):
        if now not in labels:
            return None
        place = labels.index(now) + (1 if step == "older" else -1)
        return takes[place] if 0 <= place < len(takes) else None
    label = str(versions.get(MOVING[step]) or "") if step in MOVING else step
    return takes[labels.index(label)] if label in labels and label != now else None


def _no_step(now: str, step: str, versions: Document) -> str:
    if step in MOVING and not versions.get(MOVING[step]):
        none = {
            "latest": "No take is complete without failing QC",
            "approved": "No take is approved",
        }
        return f"{none[step]} yet"
    if step == "older":
        return f"{now} is the oldest take"
    return f"{now} is the newest take" if step == "newer" else f"It reads {now} already"
