"""What a host must be able to do for the panel. Decisions live in the engine; a host only acts.

All of it is called on the host's main thread, and none of it may keep that thread for long: what
takes time goes on in steps and calls back.

A take, as the engine lists it, is a document (`answerprint takes`); a host reads from it
    pattern         the frames' path with ####, forward slashes; %V where there is a file for each view
    first, last     frames that are there
    name, take      like bg_denoise and v003; uuid of its claim
    colour, data    the colour space its frames are in, by name; whether they are no colour at all
    word            what its tile says: Latest, Outdated, see v003, QC fail, Approved, ...
    standing        latest, outdated, failed, approved: what the tile's colour says
    qc, reason      what the gates found, and the worst of it in words; see `judged`
    review          what a person decided, when, and whether that still holds; null: nobody has
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Tuple

Document = Dict[str, Any]


class HostError(Exception):
    """A problem and a remedy, as the engine's own errors are; `fix` is one button, or None."""

    def __init__(self, problem: str, remedy: str, fix: Optional[Document] = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy
        self.fix = fix

    def as_json(self) -> Document:
        return {
            "error": type(self).__name__,
            "problem": self.problem,
            "remedy": self.remedy,
            "fix": self.fix,
        }


@dataclass(frozen=True)
class Source:
    """What is selected in the host, as a plate.

    node        its name, with its groups: Group1.Read3
    kind        `files`: its frames lie on disk, at `path`; `render`: the host has to render it
    path        the frames' path as the engine reads it, forward slashes; empty for `render`
    first, last its range
    title       what a person sees as its title: the file's stem, or the node's class
    space       its colour space as the host names it; None: the host does not say
    data        its pixels are no colour
    views       names of the views that the script has; one or none: mono
    missing     what the host shows for a missing frame: error, black, checkerboard, nearest frame
    key         changes whenever the pixels may have; a render under the same key is used again.
                Empty for `render` until it was asked for: see `Host.keyed`
    remarks     what has to be said: proxy is on, views that are rendered, and so on
    offset      the script's frame minus the plate's: 1000 where file 1 is shown at frame 1001
    config      the OpenColorIO configuration that `space` is a name of; empty: the engine's
    suffix      of what `render` writes: .exr; of geometry .safetensors, .bgeo or .vdb
    kinds       what it can be to a task, best first: image, points, volume, heightfield; empty: the
                host cannot tell, and the engine finds out
    """

    node: str
    kind: str
    path: str = ""
    first: int = 1
    last: int = 1
    title: str = ""
    space: Optional[str] = None
    data: bool = False
    views: Tuple[str, ...] = ()
    missing: str = "error"
    key: str = ""
    remarks: Tuple[str, ...] = ()
    offset: int = 0
    config: str = ""
    suffix: str = ".exr"
    kinds: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Placed:
    """A node of the script that reads a take.

    identity    what the node keeps of it: root, stream, take, uuid (see `Host.place`)
    path        the file path that it reads
    """

    node: str
    identity: Document = field(default_factory=dict)
    path: str = ""


class Rendering:
    """A node on its way to disk, frame by frame. `cancel` leaves what is written; it is used again."""

    def cancel(self) -> None:
        raise NotImplementedError


class Host:
    """A host program. Every method may raise HostError."""

    name = ""  # nuke, houdini: in jobs and records
    title = ""  # Nuke, Houdini: in sentences
    reader = "Read"  # what reads a take there, in sentences
    viewer = "Viewer"
    files = "OpenEXR (*.exr)"  # that a person may choose as a plate, as Qt's dialogs take it

    def version(self) -> str:
        """Like 15.1v2."""
        raise NotImplementedError

    def script(self) -> Optional[str]:
        """The open script's path, forward slashes; None while it has no name."""
        raise NotImplementedError

    def selection(self) -> Source:
        """The selected node as a plate. Raises HostError: none, several, or no image."""
        raise NotImplementedError

    def source(self, node: str) -> Source:
        """The same of a node by its full name. Raises HostError: it is not there any more."""
        raise NotImplementedError

    def keyed(self, source: Source, then: Callable[[Source, Optional[HostError]], None]) -> None:
        """Tell a node with its key, or why it has none: now or later, for a large comp takes a while."""
        then(source, None)

    def frame(self) -> int:
        """The current frame."""
        raise NotImplementedError

    def project_range(self) -> Tuple[int, int]:
        raise NotImplementedError

    def curves(self) -> List[str]:
        """Animated controls of the selected node, as a person may choose one: Grade1.gain."""
        raise NotImplementedError

    def curve(self, name: str, first: int, last: int) -> List[Tuple[int, float]]:
        """Its value on every frame of a range."""
        raise NotImplementedError

    def render(
        self,
        source: Source,
        frames: List[int],
        pattern: str,
        step: Callable[[int, int], None],
        done: Callable[[Optional[HostError]], None],
    ) -> Rendering:
        """Render a node to EXR: all layers, its bounding box kept; the script is left as it was.

        Of geometry (`source.suffix` says so): freeze it frame by frame, and write that.

        pattern     where to, with #### and the source's suffix; the folder is made
        step        told (frames done, frames in all) after each one; the host breathes between them
        done        told once: None, or why it ended early; a cancelled one ends with an error as well
        """
        raise NotImplementedError

    def place(self, take: Document, beside: Optional[str] = None) -> str:
        """Make a node that reads a take, beside another, wired to nothing; returns its name.

        One undo step. The node carries the take's identity, and controls to switch versions.
        """
        raise NotImplementedError

    def placed(self) -> List[Placed]:
        """All nodes of the script that read takes."""
        raise NotImplementedError

    def switch(self, node: str, take: Document) -> None:
        """Have a node read another take: file and range change, and what it says; nothing else."""
        raise NotImplementedError

    def mark(self, node: str, take: Document) -> None:
        """Have a node say what has become of its take (word, colour); the file stays."""
        raise NotImplementedError

    def compare(self, one: Document, other: Document) -> Optional[str]:
        """Show two in the viewer with a wipe between them.

        Each is {"take": document} or {"node": name}. Returns what is left for the artist to do
        where the host lets no script set the wipe: a sentence. None where nothing is.
        """
        raise NotImplementedError

    def show(self, node: str) -> None:
        """Bring a node to sight and select it."""
        raise NotImplementedError

    def go_to(self, frame: int, node: Optional[str] = None) -> None:
        """Stand at a frame of the script, and show a node in the viewer, where one is named."""
        raise NotImplementedError

    def return_focus(self) -> None:
        """Give the keyboard back to the host."""
        raise NotImplementedError
