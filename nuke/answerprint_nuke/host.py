"""Nuke as the panel's host. The only file here that imports nuke: it asks and acts, others decide."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Any, Callable, List, Optional, Tuple

import nuke

from answerprint_nuke import (
    curves,
    nodes,
    place,
    plain,
    read as reads,
    render,
    script as scripts,
    source as sources,
    tab,
    undo,
    upstream,
    window,
    wipe,
)
from answerprint_nuke.work import FAILS, Work
from answerprint_panel import frame_by_frame, keying
from answerprint_panel.host import Document, HostError, Placed, Rendering, Source
from answerprint_panel.placing import PlacingHost


class NukeHost(PlacingHost):
    """The open script, its selection, its Reads. Nodes are kept by name: they may be deleted."""

    name = "nuke"
    title = "Nuke"

    def version(self) -> str:
        return str(nuke.NUKE_VERSION_STRING)

    def check_licence(self) -> None:
        """Raises HostError: this Nuke's licence is none for us."""
        sources.licensed(nuke)

    def script(self) -> Optional[str]:
        return scripts.path(nuke.root())

    def frame(self) -> int:
        return int(nuke.frame())

    def project_range(self) -> Tuple[int, int]:
        root = nuke.root()
        return int(root["first_frame"].value()), int(root["last_frame"].value())

    # What is selected

    def selection(self) -> Source:
        sources.licensed(nuke)
        return sources.of(nuke, nodes.selected(nuke))

    def source(self, node: str) -> Source:
        sources.licensed(nuke)
        return sources.of(nuke, nodes.named(nuke, node))

    # Animated controls

    def curves(self) -> List[str]:
        with contextlib.suppress(HostError):
            return curves.names(nodes.selected(nuke))
        return []

    def curve(self, name: str, first: int, last: int) -> List[Tuple[int, float]]:
        node, knob, index = curves.find(name, lambda path: nodes.find(nuke, path))
        return curves.values(node, knob, index, first, last)

    # Rendering a node

    def render(
        self,
        source: Source,
        frames: List[int],
        pattern: str,
        step: Callable[[int, int], None],
        done: Callable[[Optional[HostError]], None],
        *,
        wait: bool = False,
    ) -> Rendering:
        """`wait`: all at once, for scripts; so it always is where there is no UI."""
        self.check_licence()
        nodes.named(nuke, source.node)
        script = scripts.read(nuke.root(), nuke.views())
        at_once = wait or not nuke.GUI
        if nuke.executing() and at_once:
            raise HostError(
                "Nuke is rendering already.", "Run Answerprint before or after, not from within."
            )
        path = plain.path(pattern, "The rendered plate")
        views = render.views_of(source.views, script.views)
        render.folders(path, views)
        look = self.looking(source.node)
        key, later = source.key or keying.now(look), None if at_once else self.later
        rendering = frame_by_frame.NodeRendering(
            source.node,
            frames,
            render.missing(path, views, frames),
            Work(nuke, source.node, key, path, views, look, later),
            later or frame_by_frame.at_once,
            step,
            done,
        )
        rendering.start()
        return rendering

    def keyed(
        self,
        source: Source,
        then: Callable[[Source, Optional[HostError]], None],
        *,
        wait: bool = False,
    ) -> None:
        """`wait`: all at once, for scripts; so it always is where there is no UI."""
        if source.kind != "render":
            then(source, None)
            return
        look = self.looking(source.node)

        def found(key: str, error: Optional[HostError]) -> None:
            said: Tuple[str, ...] = ()
            if error is None and not keying.comes_again(key):
                said = (f"{source.node} reads too many files to look at: it is rendered anew.",)
            then(dataclasses.replace(source, key=key, remarks=source.remarks + said), error)

        if wait or not nuke.GUI:
            found(keying.now(look), None)
        else:
            keying.Keying(source.node, look, self.later, found).start()

    def looking(self, name: str) -> keying.Look:
        """How to look at what decides a node's pixels."""

        def look() -> Tuple[keying.Looking, List[str]]:
            node = nodes.named(nuke, name)
            terms = sources.terms(nuke, node)
            return upstream.looking(node, terms), [str(view) for view in nuke.views()]

        return look

    def later(self, call: Callable[[], None], milliseconds: int = 0) -> None:
        """Once Nuke is at ease. Without a UI: at once."""
        if not nuke.GUI:
            call()
            return
        from answerprint_panel.qt import QtCore  # noqa: PLC0415 - a terminal has no use for Qt

        def held() -> None:  # Qt holds a method's object weakly, and a function not
            call()

        QtCore.QTimer.singleShot(milliseconds, held)

    # Reads that show takes

    def place(self, take: Document, beside: Optional[str] = None) -> str:
        sources.licensed(nuke)
        place.files(take)
        plate = nodes.plate_of(nuke, take)
        near = nodes.find(nuke, beside) if beside else None
        home, near = nodes.editable(nuke, plate if near is None else near)
        said = plain.words(f"{take.get('name')} {take.get('take')}")
        with undo.step(nuke, f"Place {said}"), home:
            read = nuke.nodes.Read()
            try:
                return self._fill(read, take, near, plate)
            except FAILS as error:
                nuke.delete(read)
                raise HostError(
                    f"Nuke cannot place {said}: {plain.words(error)}",
                    "Make a Read of it by hand, and tell us with 'Copy diagnostics'.",
                ) from error

    def _fill(self, read: Any, take: Document, near: Any, plate: Any) -> str:
        read.setName(plain.node_name(f"answerprint_{take.get('name')}"))
        place.fill(read, take)
        notes = [
            place.colour(read, take, nuke.getColorspaceList(read["colorspace"])),
            place.timing(read, take, plate),
        ]
        if take.get("uuid"):  # else it is a plate's files, for a comparison
            tab.build(read, nuke, take)
            tab.note(read, " ".join(filter(None, notes)))
        if near is not None:
            others = [one for one in nodes.beside(near) if one.fullName() != read.fullName()]
            read.setXYpos(*place.spot(near, others))
        return str(read.fullName())

    def placed(self) -> List[Placed]:
        script = scripts.read(nuke.root(), nuke.views())
        return [self._placed(read, script) for read in nodes.all_placed(nuke)]

    def placed_at(self, node: str) -> Placed:
        """One of them. Raises HostError: it is gone, or is none of ours."""
        return self._placed(nodes.placed(nuke, node), scripts.read(nuke.root(), nuke.views()))

    @staticmethod
    def _placed(read: Any, script: scripts.Script) -> Placed:
        return Placed(str(read.fullName()), dict(tab.identity(read)), reads.shown(read, script))

    def selected_name(self) -> str:
        """The selected node, whatever it is, and whether or not it can be read."""
        return str(nodes.selected(nuke).fullName())

    def path_is_plain(self, node: str) -> bool:
        """Whether a node's path stands for itself; expressions and relative paths are the artist's."""
        return reads.is_plain(str(nodes.placed(nuke, node)["file"].value() or ""))

    def switch(self, node: str, take: Document) -> None:
        read = nodes.placed(nuke, node)
        place.files(take)
        with undo.step(nuke, f"{plain.words(node)} to {plain.words(take.get('take'))}"):
            place.refill(read, take)
            tab.say(read, take)

    def found_again(self, node: str, take: Document) -> None:
        """The same take where it lies now, after a project moved: one step to undo."""
        read = nodes.placed(nuke, node)
        path, _, _ = place.files(take)
        with undo.step(nuke, f"{plain.words(node)} found again"):
            place.refill(read, take)
            tab.say(read, take)
            tab.note(read, f"The project moved; this take was found again at {path}")

    def unknown(self, node: str, why: str) -> None:
        """What a node reads is no take that is known: its tile says nothing of one any more."""
        with undo.untouched(nuke):
            tab.unknown(nodes.placed(nuke, node), why)

    def mark(self, node: str, take: Document) -> None:
        with undo.untouched(nuke):
            tab.say(nodes.placed(nuke, node), take)

    def offer(self, node: str, takes: List[Document]) -> None:
        """List a stream's takes in a node's menu, newest first."""
        with undo.untouched(nuke):
            tab.offer(nodes.placed(nuke, node), takes)

    def chosen(self, node: str) -> Tuple[str, str]:
        """The take that a node's menu stands at, and the one that it reads."""
        read = nodes.placed(nuke, node)
        return tab.chosen(read), tab.identity(read).get("take", "")

    def note(self, node: str, text: str) -> None:
        """Say something on a node's tab; empty takes it away."""
        with contextlib.suppress(HostError), undo.untouched(nuke):
            tab.note(nodes.placed(nuke, node), text)

    def signed(self, node: str, text: str) -> None:
        with undo.untouched(nuke):
            tab.signed(nodes.placed(nuke, node), text)

    # The Viewer

    def compare(self, one: Document, other: Document) -> Optional[str]:
        self.check_licence()
        with undo.step(nuke, "Compare"):
            shown = [self._compared(each, one) for each in (one, other)]
            wipe.check(shown)
            open_now = nuke.activeViewer() if nuke.GUI else None
            viewer = nodes.viewer(nuke) if open_now is None else open_now.node()
            return wipe.put(viewer, nuke.activeViewer() if nuke.GUI else None, shown)

    def _compared(self, each: Document, one: Document) -> Any:
        if each.get("node"):
            return nodes.named(nuke, str(each["node"]))
        take = each["take"]
        found = nodes.showing(nuke, take)
        if found is not None:
            return found
        beside = one.get("node") or take.get("node")
        return nodes.named(nuke, self.place(take, str(beside) if beside else None))

    def remark(self, node: str) -> str:
        return tab.remark(nodes.placed(nuke, node))

    def remarked(self, node: str) -> None:
        with undo.untouched(nuke):
            tab.remarked(nodes.placed(nuke, node))

    def reviewed(self, node: str) -> str:
        return tab.reviewed(nodes.placed(nuke, node))

    def plate(self, take: Document) -> Optional[str]:
        """The node that a take was made from, by its name and file; None: it is not here."""
        plate = nodes.plate_of(nuke, take)
        return None if plate is None else str(plate.fullName())

    def show(self, node: str) -> None:
        found = nodes.named(nuke, node)
        found.selectOnly()
        if nuke.GUI and "." not in node:
            nuke.zoom(1.0, (float(found.xpos()), float(found.ypos())))

    def go_to(self, frame: int, node: Optional[str] = None) -> None:
        if node is not None:
            self._view(nodes.named(nuke, node))
        nuke.frame(frame)

    def _view(self, node: Any) -> None:
        """In the Viewer that is open; what lies in a group it cannot show."""
        open_now = nuke.activeViewer() if nuke.GUI else None
        if open_now is not None and "." not in str(node.fullName()):
            with undo.step(nuke, f"Show {plain.words(node.fullName())}"):
                wipe.show(open_now.node(), open_now, node)

    def return_focus(self) -> None:
        if nuke.GUI:
            window.focus()

    def changed(self) -> Tuple[str, str]:
        """Node and knob that a callback is about; empty where it is none of ours, or our own doing."""
        node, knob = nuke.thisNode(), nuke.thisKnob()
        if knob is None or tab.is_writing() or not tab.is_there(node):
            return "", ""
        return str(node.fullName()), str(knob.name())

    def open_pane(self) -> None:
        """Bring the pane to sight, where Nuke keeps its properties."""
        window.open_pane(nuke)

    def say(self, text: str, *, answers: bool = False) -> None:
        """Where no panel is open. `answers`: somebody waits for it, so that it may stand in the way."""
        if answers and nuke.GUI:
            nuke.message(plain.words(text))
        else:
            nuke.tprint(f"Answerprint: {plain.words(text)}")


_HOSTS: List[NukeHost] = []


def this() -> NukeHost:
    """The host of this process."""
    if not _HOSTS:
        _HOSTS.append(NukeHost())
    return _HOSTS[0]
