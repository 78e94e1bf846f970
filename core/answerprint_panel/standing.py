"""Standing: nodes that read takes say by themselves what has become of those."""

from __future__ import annotations

import functools
from typing import Any, Dict, List, Optional, Set, Tuple

from answerprint_panel import judged, streams, watch
from answerprint_panel.faults import guarded
from answerprint_panel.host import Document, HostError, Placed
from answerprint_panel.placing import PlacingHost
from answerprint_panel.qt import QtCore, QtWidgets
from answerprint_panel.session import Session

SECONDS = 60.0  # other people's takes are heard of as soon as that
ENGINES_OWN = ("EngineAbsent", "EngineGone", "EngineWrong")


class Standing(QtCore.QObject):
    """Asks about the streams of placed nodes, and has those say it whose word has changed.

    When the engine has heard of a decision or a verdict (see `watch`), and when jobs have changed: of
    their streams. When another script is open, when somebody comes back to the host, and every minute
    while it is in use: of all. One request for each stream, never two of
    the same at once; nothing is asked in a script that has no take.
    """

    def __init__(self, session: Session, host: PlacingHost, seconds: float = SECONDS) -> None:
        super().__init__(session)
        self._session, self._host = session, host
        self._asking: Set[streams.Key] = set()
        self._again: Set[streams.Key] = set()
        self._noted: Dict[str, str] = {}
        self._jobs: Dict[str, Tuple[Any, ...]] = _of_streams(session.jobs)
        self._folders: Dict[streams.Key, str] = {}
        self._said: Dict[streams.Key, Dict[str, judged.Saying]] = {}
        self._watch = watch.of(session)
        self._watch.heard.connect(self._said_something)
        session.takesChanged.connect(self._takes_changed)
        session.whereChanged.connect(self._where_changed)
        app: Any = QtWidgets.QApplication.instance()
        if app is not None:
            app.applicationStateChanged.connect(self._came_back)
        self._beat = QtCore.QTimer(self)
        self._beat.setInterval(round(1000 * seconds))
        self._beat.timeout.connect(self._in_use)
        self._beat.start()

    def look(self, placed: Optional[List[Placed]] = None) -> None:
        """Ask about the streams of these nodes; usually of all."""
        found = streams.by_stream(self._host.placed() if placed is None else placed)
        for key, nodes in found.items():
            self._ask(key, nodes[0])
        if placed is None:
            self._folders = {key: at for key, at in self._folders.items() if key in found}
            self._watch.want("nodes", self._folders.values())

    @guarded
    def _said_something(self, folder: str, document: Document) -> None:
        """Gates or people, of a stream that nodes read; one that none reads any more is let go of."""
        said = _sayings(document)
        keys = [key for key, at in self._folders.items() if at == folder]
        keys = [key for key in keys if self._said.get(key) != said]
        if not keys:
            return
        found = streams.by_stream(self._host.placed())
        for key in keys:
            if key in found:
                self._ask(key, found[key][0])
            else:
                del self._folders[key]
        self._watch.want("nodes", self._folders.values())

    @guarded
    def _takes_changed(self) -> None:
        """Only streams whose jobs have come further."""
        before, self._jobs = self._jobs, _of_streams(self._session.jobs)
        changed = {
            stream
            for stream in {*before, *self._jobs}
            if before.get(stream) != self._jobs.get(stream)
        }
        if changed:
            self.look([one for one in self._host.placed() if streams.key(one)[1] in changed])

    @guarded
    def _where_changed(self, _where: object) -> None:
        self._noted.clear()
        self.look()

    @guarded
    def _came_back(self, _state: object) -> None:
        self._in_use()

    @guarded
    def _in_use(self) -> None:
        if QtWidgets.QApplication.activeWindow() is not None:
            self.look()

    def _ask(self, key: streams.Key, placed: Placed) -> None:
        if key in self._asking:
            self._again.add(key)
            return
        self._asking.add(key)
        argv = streams.asked(placed, self._host.script())
        self._session.first(argv, functools.partial(self._heard, key))

    def _heard(self, key: streams.Key, answer: Document) -> None:
        """The nodes as they are by now: some may be gone, or read another take."""
        self._asking.discard(key)
        nodes = [one for one in self._host.placed() if streams.key(one) == key]
        self._follow(key, answer if nodes else {})
        if key in self._again and nodes:
            self._ask(key, nodes[0])
        self._again.discard(key)
        for placed in nodes:
            self._tell(placed, answer)

    def _follow(self, key: streams.Key, answer: Document) -> None:
        """Its stream is listened to where it lies now, as long as a node reads it."""
        if watch.folder(answer):
            self._folders[key], self._said[key] = watch.folder(answer), _sayings(answer)
        elif not answer:
            self._folders.pop(key, None)
        self._watch.want("nodes", self._folders.values())

    def _tell(self, placed: Placed, answer: Document) -> None:
        try:
            self._say(placed, answer)
        except HostError as error:  # kept for the diagnostics; the other nodes are told
            self._session.note(placed.node, error.as_json())

    def _say(self, placed: Placed, answer: Document) -> None:
        if "takes" not in answer:
            if answer and answer.get("error") not in ENGINES_OWN:  # the panel says those
                self._note(placed.node, sentences(answer))
            return
        takes = answer["takes"]
        take = streams.read(takes, placed)
        if take is None:
            self._elsewhere(placed, streams.remembered(takes, placed))
            return
        if placed.node in self._noted:
            self._note(placed.node, "")
        self._host.mark(placed.node, take)  # also where a host's own version up chose it
        self._host.offer(placed.node, takes)

    def _elsewhere(self, placed: Placed, take: Optional[Document]) -> None:
        """It reads no take of its stream: the project moved, or somebody chose other files."""
        if take is None:
            label = placed.identity.get("take") or "take"
            self._unknown(placed, f"This node's {label} is not among the takes any more.")
            return
        # the engine looks whether its files are there: a share that is gone keeps nobody waiting
        heard = functools.partial(self._looked, placed, take)
        self._session.first(["inspect", placed.path, "--headers"], heard)

    def _looked(self, placed: Placed, take: Document, answer: Document) -> None:
        try:
            if not streams.unchanged(self._host.placed_at(placed.node), placed):
                return  # it is asked about anew
            if answer.get("error") != "SourceError":
                if "error" not in answer and answer:
                    file = placed.path.rpartition("/")[2]
                    self._unknown(placed, f"It reads {file}, which is no take of its stream.")
                return
            self._moved(placed, take)
        except HostError as error:
            self._session.note(placed.node, error.as_json())

    def _moved(self, placed: Placed, take: Document) -> None:
        """Its files are gone, and its take lies somewhere else."""
        plain, where = self._host.path_is_plain(placed.node), take.get("pattern")
        if plain and placed.identity.get("uuid"):
            self._host.found_again(placed.node, take)
            return
        self._host.mark(placed.node, take)
        self._note(
            placed.node, f"Its take lies at {where} now. Press 'Find again' to read it there."
        )

    def _unknown(self, placed: Placed, why: str) -> None:
        self._noted[placed.node] = why
        self._host.unknown(placed.node, why)

    def _note(self, node: str, text: str) -> None:
        """What we said of a node is taken away again once it is no more true."""
        if text:
            self._noted[node] = text
        else:
            self._noted.pop(node, None)
        self._host.note(node, text)


_STANDINGS: List[Standing] = []


def of(session: Session, host: PlacingHost) -> Standing:
    """The one of this session; begun with the first who asks."""
    if not (_STANDINGS and _STANDINGS[0].parent() is session):
        _STANDINGS[:] = [Standing(session, host)]
    return _STANDINGS[0]


def sentences(error: Document) -> str:
    said = [
        str(error.get("problem") or "The engine did not answer."),
        str(error.get("remedy") or ""),
    ]
    return " ".join(filter(None, said))


def _sayings(document: Document) -> Dict[str, judged.Saying]:
    return {str(one.get("take")): judged.saying(one) for one in document.get("takes") or []}


def _of_streams(jobs: List[Document]) -> Dict[str, Tuple[Any, ...]]:
    """How far the jobs of each stream are, as far as it makes a difference to takes."""
    found: Dict[str, List[Tuple[str, str, str]]] = {}
    for job in jobs:
        said = (str(job.get("job")), str(job.get("state")), str(job.get("take")))
        found.setdefault(str(job.get("stream") or ""), []).append(said)
    return {stream: tuple(sorted(held)) for stream, held in found.items()}
