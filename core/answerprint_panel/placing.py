"""What a host does besides for the nodes that read its takes: their menu, their notes, their buttons.

A node that was placed carries its take's identity and a tab of controls. What the controls do is the
same in every host (`verbs`), and so is what the nodes say by themselves (`standing`).
"""

from __future__ import annotations

from typing import Callable, List, Optional, Tuple

from answerprint_panel.host import Document, Host, HostError, Placed, Rendering, Source


class PlacingHost(Host):
    """Every method may raise HostError: the node is gone, or is none of ours."""

    # What takes a while can be waited for

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
        """As `Host.render`; `wait`: all at once, for scripts."""
        raise NotImplementedError

    def keyed(
        self,
        source: Source,
        then: Callable[[Source, Optional[HostError]], None],
        *,
        wait: bool = False,
    ) -> None:
        """As `Host.keyed`; `wait`: all at once, for scripts."""
        raise NotImplementedError

    # Nodes that show takes

    def placed_at(self, node: str) -> Placed:
        """One of `placed`."""
        raise NotImplementedError

    def selected_name(self) -> str:
        """The selected node, whatever it is, and whether or not it can be read."""
        raise NotImplementedError

    def path_is_plain(self, node: str) -> bool:
        """Whether a node's path stands for itself; expressions and relative paths are the artist's."""
        raise NotImplementedError

    def found_again(self, node: str, take: Document) -> None:
        """The same take where it lies now, after a project moved: one step to undo."""
        raise NotImplementedError

    def unknown(self, node: str, why: str) -> None:
        """What a node reads is no take that is known: it says nothing of one any more."""
        raise NotImplementedError

    def offer(self, node: str, takes: List[Document]) -> None:
        """List a stream's takes in a node's menu, newest first."""
        raise NotImplementedError

    def chosen(self, node: str) -> Tuple[str, str]:
        """The take that a node's menu stands at, and the one that it reads."""
        raise NotImplementedError

    def note(self, node: str, text: str) -> None:
        """Say something on a node's tab; empty takes it away. A node that is gone is no error."""
        raise NotImplementedError

    def signed(self, node: str, text: str) -> None:
        """Say how its take stands to its signature."""
        raise NotImplementedError

    def remark(self, node: str) -> str:
        """What an artist has written on a node's tab as the note for a retake; empty: nothing."""
        raise NotImplementedError

    def remarked(self, node: str) -> None:
        """The note is kept with a decision: the tab takes the next one."""
        raise NotImplementedError

    def reviewed(self, node: str) -> str:
        """What a node's tab says of the review."""
        raise NotImplementedError

    def plate(self, take: Document) -> Optional[str]:
        """The node that a take was made from, by its name and file; None: it is not here."""
        raise NotImplementedError

    def say(self, text: str, *, answers: bool = False) -> None:
        """Where no panel is open. `answers`: somebody waits for it, so that it may stand in the way."""
        raise NotImplementedError

    def open_pane(self) -> None:
        """Bring the panel to sight, where the host keeps such things."""
        raise NotImplementedError

    def later(self, call: Callable[[], None], milliseconds: int = 0) -> None:
        """Once the host is at ease. Without a UI: at once."""
        raise NotImplementedError
