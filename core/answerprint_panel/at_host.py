"""A draft beside its host: the frames that are meant now, and the job as the host stands. Without Qt."""

from __future__ import annotations

from typing import Callable, List, Mapping, Optional, TypeVar

from answerprint_panel.draft import Draft
from answerprint_panel.host import Document, Host, HostError
from answerprint_panel.sampling import sampled
from answerprint_panel.spans import ends, numbers

Found = TypeVar("Found")


class AtHost:
    """Asks the host anew each time: its current frame and its script change without telling."""

    def __init__(self, host: Host, draft: Draft) -> None:
        self._host, self._draft = host, draft

    def script(self) -> Optional[str]:
        return _known(self._host.script)

    def frames(self) -> str:
        """The range that is set up, in the plate's own frames."""
        return self._draft.frames(_known(self._host.project_range), _known(self._host.frame))

    def this_frame(self) -> str:
        """The host's current frame, in the plate's own. Raises HostError."""
        source = self._draft.source
        return str(self._host.frame() - (source.offset if source is not None else 0))

    def to_render(self, frames: str) -> List[int]:
        """Every frame that a node has to be rendered for: handles and what the model sees around them.

        Raises:
            HostError: the frames are no range.
        """
        found, handles = ends(frames), self._draft.handles
        wanted = numbers(frames)
        if not wanted or (handles and found is None):
            raise HostError(
                f"The frames '{frames}' are no range that can be rendered.",
                "Write them like 1001-1096; with handles, from one frame to another.",
                {"label": "Use the input range", "change": {"frames": None}},
            )
        if handles and found is not None:
            wanted = list(range(found[0] - handles, found[1] + handles + 1))
        source, cut = self._draft.source, self._draft.contract.get("cut")
        return wanted if source is None else seen(wanted, cut, source.first, source.last)

    def job(self, frames: str, where: Mapping[str, object]) -> Document:
        """The job document, curves read frame by frame. Raises HostError."""
        made = self._draft.job(
            frames=frames,
            host=f"{self._host.name} {self._host.version()}",
            title=self._host.title,
            script=self.script(),
            where=where,
        )
        return sampled(self._host, self._draft, made)


def seen(frames: List[int], cut: Optional[Document], first: int, last: int) -> List[int]:
    """Frames that a task looks at for others, of a plate from first to last. `cut`: its contract's.

    One that makes frames between frames looks at the whole plate.
    """
    said = cut or {}
    found = set(frames)
    if said.get("between"):
        found.update(range(first, last + 1))
        return sorted(found)
    before, after = int(said.get("before") or 0), int(said.get("after") or 0)
    for frame in frames:
        found.update(range(max(first, frame - before), min(last, frame + after) + 1))
    return sorted(found)


def _known(what: Callable[[], Found]) -> Optional[Found]:
    """What the host says; None where it cannot."""
    try:
        return what()
    except HostError:
        return None
