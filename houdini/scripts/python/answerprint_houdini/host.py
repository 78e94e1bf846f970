"""Houdini as the panel's host. The only file here that imports hou: it asks and acts, others decide."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Any, Callable, List, Optional, Set, Tuple, cast

import hou

from answerprint_houdini import (
    compare as comparing,
    curves,
    interrupt,
    nodes,
    place,
    plain,
    source as sources,
    tab,
    turns,
    undo,
    upstream,
    work,
)
from answerprint_panel import frame_by_frame, keying
from answerprint_panel.host import Document, HostError, Placed, Rendering, Source
from answerprint_panel.placing import PlacingHost

__all__ = ["HoudiniHost", "hou", "this"]

PANEL = "answerprint"  # its interface's name in python_panels/answerprint.pypanel


class HoudiniHost(PlacingHost):
    """The open scene, its selection, its File nodes. Nodes are kept by path: they may be deleted."""

    name = "houdini"
    title = "Houdini"
    reader = "File node"
    viewer = "viewport"
    files = "Geometry and OpenEXR (*.bgeo *.geo *.vdb *.usd *.usdc *.usda *.exr)"

    def __init__(self) -> None:
        self._turns: Optional[turns.Turns] = None
        self._watched: List[Callable[[], None]] = []
        self._listens = False
        self._scenes = 0  # that were opened or begun while somebody watched

    def version(self) -> str:
        return str(hou.applicationVersionString())

    def script(self) -> Optional[str]:
        if hou.hipFile.isNewFile():
            return None
        return str(hou.hipFile.path()).replace("\\", "/")

    def open_scene(self, path: str) -> None:
        """For scripts. What could not be loaded of it is said, and stops nothing.

        Raises:
            HostError: it cannot be opened.
        """
        try:
            hou.hipFile.load(path, suppress_save_prompt=True)
        except hou.LoadWarning as error:
            self.say(f"{path} was opened with warnings: {sources.said(error)}")
        except hou.OperationFailed as error:
            raise HostError(
                f"{plain.words(path)} cannot be opened: {sources.said(error)}",
                "Look whether it is there, and saved by this Houdini or an older one.",
            ) from error

    def frame(self) -> int:
        return int(hou.frame())

    def project_range(self) -> Tuple[int, int]:
        first, last = hou.playbar.frameRange()
        return int(first), int(last)

    def when_opened(self, call: Callable[[], None]) -> None:
        """Called after each scene that is opened; the same callable once, however often it is given."""
        self._listen()
        if call not in self._watched:
            self._watched.append(call)

    def _listen(self) -> None:
        if not self._listens:
            self._listens = True
            hou.hipFile.addEventCallback(self._scene_event)

    def _scene_event(self, event: hou.EnumValue) -> None:
        if event in (hou.hipFileEventType.AfterLoad, hou.hipFileEventType.AfterClear):
            self._scenes += 1
        if event == hou.hipFileEventType.AfterLoad:
            for call in list(self._watched):
                call()

    # What is selected

    def selection(self) -> Source:
        return self._source(nodes.selected(hou))

    def source(self, node: str) -> Source:
        return self._source(nodes.named(hou, node))

    def _source(self, node: hou.OpNode) -> Source:
        try:
            return sources.of(hou, node, self.project_range())
        except hou.Error as error:
            raise sources.failed(str(node.path()), self.frame(), sources.said(error)) from error

    # Animated parameters

    def curves(self) -> List[str]:
        with contextlib.suppress(HostError):
            return curves.names(hou, nodes.selected(hou))
        return []

    def curve(self, name: str, first: int, last: int) -> List[Tuple[int, float]]:
        return curves.values(hou, name, first, last)

    # Cooking a node to disk

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
        """`wait`: all at once, for scripts; so it always is where there is no UI. Esc cancels it."""
        nodes.named(hou, source.node)
        path = plain.path(pattern, "The plate")
        work.folder(path)
        at_once = wait or not hou.isUIAvailable()
        later = None if at_once else self.later
        look, _ = self._looking(source)
        key = source.key or keying.now(look)
        self._listen()
        deed = work.Work(hou, source, key, path, lambda: self._scenes, look, later)
        waiting = interrupt.Interruptable(hou, source.node, step) if at_once else None
        rendering = frame_by_frame.NodeRendering(
            source.node,
            frames,
            work.missing(path, frames),
            deed,
            later or frame_by_frame.at_once,
            step if waiting is None else waiting.step,
            done,
        )
        if waiting is None:
            rendering.start()
        else:
            waiting.carry_out(rendering)
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
        look, unfollowed = self._looking(source)

        def found(key: str, error: Optional[HostError]) -> None:
            said: Tuple[str, ...] = ()
            if error is None and not keying.comes_again(key):
                said = (upstream.anew(source.node, unfollowed),)
            then(dataclasses.replace(source, key=key, remarks=source.remarks + said), error)

        if wait or not hou.isUIAvailable():
            found(keying.now(look), None)
        else:
            gone = (*keying.GONE, hou.Error)
            keying.Keying(source.node, look, self.later, found, gone).start()

    def _looking(self, source: Source) -> Tuple[keying.Look, Set[str]]:
        """How to look at what decides a node's geometry; and what of it cannot be told."""
        unfollowed: Set[str] = set()
        settings = (f"{hou.fps()} frames a second", self.version())
        terms = upstream.Terms((source.first, source.last), settings)

        def look() -> Tuple[keying.Looking, List[str]]:
            node = cast("hou.SopNode", nodes.named(hou, source.node))
            return upstream.looking(hou, node, terms, unfollowed), []

        return look, unfollowed

    def later(self, call: Callable[[], None], milliseconds: int = 0) -> None:
        """Once Houdini is at ease, by its event loop. Without a UI: at once."""
        if not hou.isUIAvailable():
            call()
            return
        if self._turns is None:
            self._turns = turns.Turns(hou.ui)
        self._turns.put(call, milliseconds)

    # File nodes that show takes

    def place(self, take: Document, beside: Optional[str] = None) -> str:
        place.files(take)
        plate = nodes.plate_of(hou, take)
        near = nodes.find(hou, beside) if beside else None
        near = plate if near is None else near
        said = plain.words(f"{take.get('name')} {take.get('take')}")
        with undo.step(hou, f"Place {said}"):
            try:
                home = place.network(hou, take, near)
                node = place.fill(home, take)
                if take.get("uuid"):  # else it is a plate's files, for a comparison
                    tab.build(hou, node, take)
                if near is not None and near.parent() == home:
                    place.spot(hou, node, near)
                else:
                    node.moveToGoodPosition()
            except hou.Error as error:
                raise HostError(
                    f"Houdini cannot place {said}: {sources.said(error)}",
                    "Make a File node of it by hand, and tell us with 'Copy diagnostics'.",
                ) from error
        return str(node.path())

    def placed(self) -> List[Placed]:
        return [self._placed(node) for node in nodes.all_placed(hou)]

    def placed_at(self, node: str) -> Placed:
        return self._placed(nodes.placed(hou, node))

    @staticmethod
    def _placed(node: hou.OpNode) -> Placed:
        return Placed(str(node.path()), dict(tab.identity(node)), nodes.reads(node))

    def selected_name(self) -> str:
        return str(nodes.selected(hou).path())

    def path_is_plain(self, node: str) -> bool:
        return nodes.is_plain(nodes.placed(hou, node))

    def switch(self, node: str, take: Document) -> None:
        found = nodes.placed(hou, node)
        place.files(take)
        with undo.step(hou, f"{plain.words(node)} to {plain.words(take.get('take'))}"):
            place.refill(found, take)
            tab.say(hou, found, take)

    def found_again(self, node: str, take: Document) -> None:
        found = nodes.placed(hou, node)
        path, _, _ = place.files(take)
        with undo.step(hou, f"{plain.words(node)} found again"):
            place.refill(found, take)
            tab.say(hou, found, take)
            tab.note(found, f"The project moved; this take was found again at {path}")

    def unknown(self, node: str, why: str) -> None:
        with undo.none(hou):
            tab.unknown(hou, nodes.placed(hou, node), why)

    def mark(self, node: str, take: Document) -> None:
        with undo.none(hou):
            tab.say(hou, nodes.placed(hou, node), take)

    def offer(self, node: str, takes: List[Document]) -> None:
        with undo.none(hou):
            tab.offer(hou, nodes.placed(hou, node), takes)

    def chosen(self, node: str) -> Tuple[str, str]:
        found = nodes.placed(hou, node)
        return tab.chosen(found), tab.identity(found).get("take", "")

    def note(self, node: str, text: str) -> None:
        with contextlib.suppress(HostError), undo.none(hou):
            tab.note(nodes.placed(hou, node), text)

    def signed(self, node: str, text: str) -> None:
        with undo.none(hou):
            tab.signed(nodes.placed(hou, node), text)

    # What is seen

    def compare(self, one: Document, other: Document) -> Optional[str]:
        with undo.step(hou, "Compare"):
            shown = [self._compared(each, one) for each in (one, other)]
            return comparing.switch(hou, shown)

    def _compared(self, each: Document, one: Document) -> hou.OpNode:
        if each.get("node"):
            return nodes.named(hou, str(each["node"]))
        take = each["take"]
        found = nodes.showing(hou, take)
        if found is not None:
            return found
        beside = one.get("node") or take.get("node")
        return nodes.named(hou, self.place(take, str(beside) if beside else None))

    def remark(self, node: str) -> str:
        return tab.remark(nodes.placed(hou, node))

    def remarked(self, node: str) -> None:
        with undo.none(hou):
            tab.remarked(nodes.placed(hou, node))

    def reviewed(self, node: str) -> str:
        return tab.reviewed(nodes.placed(hou, node))

    def plate(self, take: Document) -> Optional[str]:
        plate = nodes.plate_of(hou, take)
        return None if plate is None else str(plate.path())

    def show(self, node: str) -> None:
        found = nodes.named(hou, node)
        found.setCurrent(True, clear_all_selected=True)
        if not hou.isUIAvailable():
            return
        editor = hou.ui.paneTabOfType(hou.paneTabType.NetworkEditor)
        if editor is not None:
            cast("Any", editor).setCurrentNode(found)

    def go_to(self, frame: int, node: Optional[str] = None) -> None:
        if node is not None:
            self.show(node)
        hou.setFrame(frame)

    def return_focus(self) -> None:
        window = hou.qt.mainWindow() if hou.isUIAvailable() else None
        if window is not None:
            window.activateWindow()
            window.setFocus()

    def open_pane(self) -> None:
        """The one that is there, or a floating one; it may be put into any pane."""
        interface = hou.pypanel.interfaceByName(PANEL)
        if interface is None:
            raise HostError(
                "Houdini does not know the Answerprint panel.",
                "Look whether its package is loaded: python3 -m install houdini.",
            )
        for found in hou.ui.paneTabs():
            if isinstance(found, hou.PythonPanel) and found.activeInterface() == interface:
                found.setIsCurrentTab()
                return
        # the stubs let a panel begin with an interface, Houdini's manual with the name of one
        made = hou.ui.curDesktop().createFloatingPanel(hou.paneTabType.PythonPanel)
        for shown in made.paneTabs():
            cast("hou.PythonPanel", shown).setActiveInterface(interface)

    def say(self, text: str, *, answers: bool = False) -> None:
        said = plain.words(text)
        if not hou.isUIAvailable():
            print(f"Answerprint: {said}")
        elif answers:
            with contextlib.suppress(hou.OperationInterrupted):
                hou.ui.displayMessage(said, title="Answerprint")
        else:
            hou.ui.setStatusMessage(f"Answerprint: {said}")


_HOSTS: List[HoudiniHost] = []


def this() -> HoudiniHost:
    """The host of this process."""
    if not _HOSTS:
        _HOSTS.append(HoudiniHost())
    return _HOSTS[0]
