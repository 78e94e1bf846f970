"""Nuke as the panel's host. The only file here that imports nuke: it asks and acts, others decide."""

from __future__ import annotations

import contextlib
from typing import Any, Callable, List, Optional, Tuple

import nuke

from answerprint_nuke import (
    curves,
    nodes,
    place,
    plain,
    render,
    script as scripts,
    source as sources,
    tab,
    undo,
    window,
    wipe,
)
from answerprint_panel.host import Document, Host, HostError, Placed, Rendering, Source

_FAILS = (RuntimeError, ValueError, NameError, TypeError)  # what Nuke's own calls raise


class NukeHost(Host):
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
        node, knob, index = curves.find(name, nuke.toNode)
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
        rendering = render.NodeRendering(
            source.node,
            frames,
            render.missing(path, views, frames),
            lambda frame: self._render(source.node, frame, path, views),
            lambda: bool(nuke.executing()),
            render.at_once if at_once else self.later,
            step,
            done,
        )
        rendering.start()
        return rendering

    def _render(self, name: str, frame: int, path: str, views: List[str]) -> None:
        """One frame, in one turn: the script is afterwards as it was before."""
        node = nodes.named(nuke, name)
        with undo.untouched(nuke), undo.full_size(nuke), nodes.group_of(nuke, node):
            write = nuke.nodes.Write()
            try:
                render.prepare(write, node, path)
                nuke.execute(write, frame, frame, 1, views)
            except _FAILS as error:
                raise render.failed(name, frame, error) from error
            finally:
                nuke.delete(write)

    def later(self, call: Callable[[], None], milliseconds: int = 0) -> None:
        """Once Nuke is at ease. Without a UI: at once."""
        if not nuke.GUI:
            call()
            return
        from answerprint_panel.qt import QtCore  # noqa: PLC0415 - a terminal has no use for Qt

        QtCore.QTimer.singleShot(milliseconds, call)

    # Reads that show takes

    def place(self, take: Document, beside: Optional[str] = None) -> str:
        sources.licensed(nuke)
        place.files(take)
        near = nuke.toNode(beside) if beside else None
        plate = nodes.plate_of(nuke, take) or near
        near = near or plate
        said = plain.words(f"{take.get('name')} {take.get('take')}")
        with undo.step(nuke, f"Place {said}"), nodes.group_of(nuke, near):
            read = nuke.nodes.Read()
            try:
                return self._fill(read, take, near, plate)
            except _FAILS as error:
                nuke.delete(read)
                raise HostError(
                    f"Nuke cannot place {said}: {plain.words(error)}",
                    "Make a Read of it by hand, and tell us with 'Copy diagnostics'.",
                ) from error

    def _fill(self, read: Any, take: Document, near: Any, plate: Any) -> str:
        read.setName(plain.node_name(f"answerprint_{take.get('name')}"))
        place.fill(read, take)
        notes = [
            place.colour(read, take, plate, nuke.getColorspaceList(read["colorspace"])),
            place.timing(read, take, plate),
        ]
        if take.get("uuid"):  # else it is a plate's files, for a comparison
            tab.build(read, nuke, take)
            tab.note(read, " ".join(filter(None, notes)))
        if near is not None:
            others = [one for one in nuke.allNodes() if one.fullName() != read.fullName()]
            read.setXYpos(*place.spot(near, others))
        return str(read.fullName())

    def placed(self) -> List[Placed]:
        return [
            Placed(
                node=str(read.fullName()),
                identity=dict(tab.identity(read)),
                path=str(read["file"].value() or "").replace("\\", "/"),
            )
            for read in nodes.all_placed(nuke)
        ]

    def switch(self, node: str, take: Document) -> None:
        read = nodes.placed(nuke, node)
        place.files(take)
        with undo.step(nuke, f"{plain.words(node)} to {plain.words(take.get('take'))}"):
            place.refill(read, take)
            tab.say(read, take)

    def found_again(self, node: str, take: Document) -> None:
        """The same take where it lies now: after a project moved. No step of its own to undo."""
        read = nodes.placed(nuke, node)
        path, _, _ = place.files(take)
        with undo.none(nuke):
            place.refill(read, take)
            tab.say(read, take)
            tab.note(read, f"The project moved; this take was found again at {path}")

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
        read = nuke.toNode(node)
        if read is not None and tab.is_there(read):
            with undo.untouched(nuke):
                tab.note(read, text)

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

    def plate(self, take: Document) -> Optional[str]:
        """The node that a take was made from, by its name and file; None: it is not here."""
        plate = nodes.plate_of(nuke, take)
        return None if plate is None else str(plate.fullName())

    def show(self, node: str) -> None:
        found = nodes.named(nuke, node)
        found.selectOnly()
        if nuke.GUI and "." not in node:
            nuke.zoom(1.0, (float(found.xpos()), float(found.ypos())))

    def return_focus(self) -> None:
        if nuke.GUI:
            window.focus()

    def changed(self) -> Tuple[str, str]:
        """Node and knob that a callback is about."""
        node, knob = nuke.thisNode(), nuke.thisKnob()
        return str(node.fullName()), str(knob.name()) if knob is not None else ""

    def open_pane(self) -> None:
        """Bring the pane to sight, where Nuke keeps its properties."""
        window.open_pane(nuke)

    def say(self, text: str) -> None:
        """To Nuke's error log, where there is no better place."""
        nuke.warning(plain.words(text))


_HOSTS: List[NukeHost] = []


def this() -> NukeHost:
    """The host of this process."""
    if not _HOSTS:
        _HOSTS.append(NukeHost())
    return _HOSTS[0]
