"""Nuke as the panel's host. The only file here that imports nuke: it asks and acts, others decide."""

from __future__ import annotations

import contextlib
from typing import Any, Callable, Iterator, List, Optional, Tuple

import nuke

from answerprint_nuke import (
    curves,
    place,
    plain,
    read as reads,
    render,
    script as scripts,
    tab,
    upstream,
    window,
    wipe,
)
from answerprint_nuke.script import Script
from answerprint_panel.host import Document, Host, HostError, Placed, Rendering, Source

_LINKS = nuke.INPUTS | nuke.HIDDEN_INPUTS | nuke.EXPRESSIONS | nuke.LINKINPUTS
_WRITTEN = nuke.TO_SCRIPT | nuke.WRITE_NON_DEFAULT_ONLY
_NO_IMAGE = ("BackdropNode", "StickyNote", "Viewer")
_ANY_VIEW = ("Dot",)
Remark = Callable[[str, str], None]


class NukeHost(Host):
    """The open script, its selection, its Reads. Nodes are kept by name: they may be deleted."""

    name = "nuke"
    title = "Nuke"

    def version(self) -> str:
        return str(nuke.NUKE_VERSION_STRING)

    def check_licence(self) -> None:
        """Raises HostError: this Nuke's licence is none for us."""
        _licensed()

    def script(self) -> Optional[str]:
        return scripts.path(nuke.root())

    def frame(self) -> int:
        return int(nuke.frame())

    def project_range(self) -> Tuple[int, int]:
        root = nuke.root()
        return int(root["first_frame"].value()), int(root["last_frame"].value())

    # What is selected

    def selection(self) -> Source:
        return self._source(self._selected())

    def source(self, node: str) -> Source:
        return self._source(_node(node))

    def _selected(self) -> Any:
        _licensed()
        selected = [one for one in _selected() if one.Class() not in _NO_IMAGE]
        if len(selected) > 1:
            names = ", ".join(sorted(str(one.fullName()) for one in selected)[:4])
            raise HostError(
                f"{len(selected)} nodes are selected: {names}.", "Select the one that is the plate."
            )
        if not selected:
            raise HostError("No node is selected.", "Select the plate's Read, or the node to send.")
        return selected[0]

    def _source(self, node: Any) -> Source:
        _licensed()
        while node.Class() in _ANY_VIEW and node.input(0) is not None:
            node = node.input(0)
        name = str(node.fullName())
        _check_flat(node, name)
        script = _script()
        if reads.is_read(node):
            reads.file(node, script)
            if reads.reads_exr(node):
                return reads.source(node, script)
        _check_sound(node, name)
        _check_image(node, name)
        return self._rendered(node, name, script)

    def _rendered(self, node: Any, name: str, script: Script) -> Source:
        first, last = int(node.firstFrame()), int(node.lastFrame())
        remarks = [f"{name} is rendered to EXR first, all its layers in 32 bit float."]
        if script.proxy:
            remarks.append("Proxy mode is on; the node is rendered at full size all the same.")
        if script.stereo:
            remarks.append(f"Views that are rendered: {', '.join(script.views)}.")
        return Source(
            node=name,
            kind="render",
            first=first,
            last=last,
            title=f"{name.rpartition('.')[2]}",
            space=script.working,
            views=script.stereo,
            key=_key(node, script),
            remarks=tuple(remarks),
            config=script.config,
        )

    # Animated controls

    def curves(self) -> List[str]:
        with contextlib.suppress(HostError):
            return curves.names(self._selected())
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
        _licensed()
        _node(source.node)
        script = _script()
        at_once = wait or not nuke.GUI
        if nuke.executing() and at_once:
            raise HostError(
                "Nuke is rendering already.", "Run Answerprint before or after, not from within."
            )
        path = plain.path(pattern, "The rendered plate")
        views = render.views_of(path, source.views, script.views)
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
        node = _node(name)
        with _untouched(), _full_size(), _group(node):
            write = nuke.nodes.Write()
            try:
                render.prepare(write, node, path)
                nuke.execute(write, frame, frame, 1, views)
            except (RuntimeError, ValueError, NameError, TypeError) as error:
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
        _licensed()
        place.files(take)
        near = nuke.toNode(beside) if beside else None
        plate = _plate_of(take) or near
        near = near or plate
        said = plain.words(f"{take.get('name')} {take.get('take')}")
        with _step(f"Place {said}"), _group(near):
            read = nuke.nodes.Read()
            try:
                return self._fill(read, take, near, plate)
            except (RuntimeError, ValueError, NameError, TypeError) as error:
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
            for read in _reads(nuke.root())
            if tab.is_there(read)
        ]

    def switch(self, node: str, take: Document) -> None:
        read = _placed(node)
        place.files(take)
        with _step(f"{plain.words(node)} to {plain.words(take.get('take'))}"):
            place.refill(read, take)
            tab.say(read, take)

    def found_again(self, node: str, take: Document) -> None:
        """The same take where it lies now: after a project moved. No step of its own to undo."""
        read = _placed(node)
        path, _, _ = place.files(take)
        with _no_undo():
            place.refill(read, take)
            tab.say(read, take)
            tab.note(read, f"The project moved; this take was found again at {path}")

    def mark(self, node: str, take: Document) -> None:
        with _untouched():
            tab.say(_placed(node), take)

    def offer(self, node: str, takes: List[Document]) -> None:
        """List a stream's takes in a node's menu, newest first."""
        with _untouched():
            tab.offer(_placed(node), takes)

    def chosen(self, node: str) -> Tuple[str, str]:
        """The take that a node's menu stands at, and the one that it reads."""
        read = _placed(node)
        return tab.chosen(read), tab.identity(read).get("take", "")

    def note(self, node: str, text: str) -> None:
        """Say something on a node's tab; empty takes it away."""
        read = nuke.toNode(node)
        if read is not None and tab.is_there(read):
            with _untouched():
                tab.note(read, text)

    def signed(self, node: str, text: str) -> None:
        with _untouched():
            tab.signed(_placed(node), text)

    # The Viewer

    def compare(self, one: Document, other: Document) -> None:
        _licensed()
        with _step("Compare"):
            nodes = [self._compared(each, one) for each in (one, other)]
            wipe.check(nodes)
            window = nuke.activeViewer() if nuke.GUI else None
            viewer = window.node() if window is not None else _viewer()
            wipe.put(viewer, window or (nuke.activeViewer() if nuke.GUI else None), nodes)

    def _compared(self, each: Document, one: Document) -> Any:
        if each.get("node"):
            return _node(str(each["node"]))
        take = each["take"]
        for placed in self.placed():
            if placed.identity.get("uuid") == str(take.get("uuid")):
                return _node(placed.node)
        beside = one.get("node") or take.get("node")
        return _node(self.place(take, str(beside) if beside else None))

    def plate(self, take: Document) -> Optional[str]:
        """The node that a take was made from, by its name and file; None: it is not here."""
        plate = _plate_of(take)
        return None if plate is None else str(plate.fullName())

    def show(self, node: str) -> None:
        found = _node(node)
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


def _licensed() -> None:
    for key, words in (("nc", "Non-commercial"), ("ple", "PLE")):
        if nuke.env.get(key):
            raise HostError(
                f"This is Nuke {words}: its scripts are encrypted and scripting is limited.",
                "Use a commercial, Indie or education licence, or the command line.",
            )


def _node(name: str) -> Any:
    node = nuke.toNode(name)
    if node is None:
        raise HostError(
            f"There is no node {plain.words(name)} in this script any more.",
            "Select the plate again.",
        )
    return node


def _placed(name: str) -> Any:
    node = _node(name)
    if not reads.is_read(node) or not tab.is_there(node):
        raise HostError(
            f"{plain.words(name)} is no Read that Answerprint placed.", "Place the take anew."
        )
    return node


def _selected() -> List[Any]:
    """On the open level; else inside the groups, which each have a selection of their own."""
    root = nuke.root()
    found = [one for one in root.nodes() if one.isSelected()]
    return found or [one for one in _inside(root) if one.isSelected()]


def _inside(group: Any) -> Iterator[Any]:
    """All nodes below a group, whatever groups they are in."""
    for node in group.nodes():
        yield node
        if isinstance(node, nuke.Group):
            yield from _inside(node)


def _reads(group: Any) -> Iterator[Any]:
    return (node for node in _inside(group) if reads.is_read(node))


def _script() -> Script:
    return scripts.read(nuke.root(), nuke.views())


def _plate_of(take: Document) -> Any:
    """By name, if it still reads what it read then; else another Read of the same files."""
    path, name = str(take.get("plate") or ""), take.get("node")
    named = nuke.toNode(str(name)) if name else None
    if named is not None and (not reads.is_read(named) or _reads_files(named, path)):
        return named
    found = (one for one in _reads(nuke.root()) if path and _reads_files(one, path))
    return next(found, named)


def _reads_files(read: Any, path: str) -> bool:
    if tab.is_there(read):
        return False  # a take is no plate of itself
    return reads.same(str(read["file"].value() or ""), path)


def _check_flat(node: Any, name: str) -> None:
    kind = str(node.Class())
    if kind.startswith("Deep"):
        raise HostError(
            f"{name} is a deep image ({kind}), and the tasks take flat ones.",
            "Put a DeepToImage after it and select that.",
        )


def _check_image(node: Any, name: str) -> None:
    if not node.channels():
        raise HostError(
            f"{name} is no image ({node.Class()}).",
            "Select the plate's Read, or a node with an image.",
        )


def _check_sound(node: Any, name: str) -> None:
    """Raises HostError: it cannot be rendered; names the node above that is the reason."""
    if not node.hasError():
        return
    culprit, seen = node, {name}
    while True:
        broken = [
            one
            for one in culprit.dependencies(nuke.INPUTS)
            if one.hasError() and str(one.fullName()) not in seen
        ]
        if not broken:
            break
        culprit = broken[0]
        seen.add(str(culprit.fullName()))
    where = str(culprit.fullName())
    file = plain.words(culprit["file"].value()) if reads.is_read(culprit) else ""
    raise HostError(
        f"{name} cannot be rendered: {where} has an error{f', its file is {file}' if file else ''}.",
        f"Correct {where}, then select the node again.",
    )


def _key(node: Any, script: Script) -> str:
    form = node.format()
    size = (form.width(), form.height(), form.pixelAspect())
    settings = (size, script.views, script.working, script.config, nuke.usingOCIO())
    return upstream.key(node, settings, flags=_WRITTEN, links=_LINKS, group=nuke.Group)


def _viewer() -> Any:
    """A Viewer of the open level, else a new one."""
    found = [one for one in nuke.root().nodes() if one.Class() == "Viewer"]
    return found[0] if found else nuke.nodes.Viewer()


@contextlib.contextmanager
def _step(name: str) -> Iterator[None]:
    """One step to undo, under a name."""
    with nuke.Undo(name):
        yield


@contextlib.contextmanager
def _no_undo() -> Iterator[None]:
    was_off = bool(nuke.Undo.disabled())
    if was_off:
        yield
        return
    nuke.Undo.disable()
    try:
        yield
    finally:
        nuke.Undo.enable()


@contextlib.contextmanager
def _untouched() -> Iterator[None]:
    """What is done here is neither undone nor a reason to save the script."""
    modified = bool(nuke.root().modified())
    with _no_undo():
        try:
            yield
        finally:
            if not modified:
                nuke.root().setModified(False)


@contextlib.contextmanager
def _full_size() -> Iterator[None]:
    """With proxy mode off; afterwards it is as it was."""
    root = nuke.root()
    on = bool(root.proxy())
    if on:
        root.setProxy(False)
    try:
        yield
    finally:
        if on:
            root.setProxy(True)


@contextlib.contextmanager
def _group(node: Any) -> Iterator[None]:
    """New nodes come where this one is."""
    parent = node.fullName().rpartition(".")[0] if node is not None else ""
    with nuke.toNode(parent) if parent else nuke.root():
        yield


_HOSTS: List[NukeHost] = []


def this() -> NukeHost:
    """The host of this process."""
    if not _HOSTS:
        _HOSTS.append(NukeHost())
    return _HOSTS[0]
