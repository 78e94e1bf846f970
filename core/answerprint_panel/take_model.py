"""The rows of Takes: takes, and headings between those of different tasks or plates."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Tuple

from answerprint_panel import take_words
from answerprint_panel.qt import Qt, QtCore
from answerprint_panel.take_words import TakeRow

Document = Dict[str, Any]
Index = QtCore.QModelIndex


class Entry(NamedTuple):
    """A row: a take with what is said of it, or a heading (then it has no take)."""

    key: str
    title: str
    task: str = ""
    take: Optional[Document] = None
    row: Optional[TakeRow] = None


def entries(
    takes: Iterable[Document], myself: str, *, headed: bool, known: Iterable[Entry] = ()
) -> List[Entry]:
    """Rows from top to bottom; headings where there is more than one group, or they are wanted.

    known   rows that were made today: of takes that are still the same they are taken as they are
    """
    before = {entry.key: entry for entry in known}
    groups = take_words.grouped(takes)
    found: List[Entry] = []
    for key, title, those in groups:
        if headed or len(groups) > 1:
            found.append(Entry(f"heading {key}", title, str(those[0].get("task") or "")))
        for take in those:
            made = before.get(str(take.get("path") or ""))
            same = made is not None and made.take == take
            found.append(made if made is not None and same else _entry(take, myself))
    return found


def _entry(take: Document, myself: str) -> Entry:
    row = take_words.row(take, myself)
    return Entry(row.path, row.spoken, str(take.get("task") or ""), take, row)


class TakeModel(QtCore.QAbstractListModel):
    """Keeps rows where they are when others come and go, so that nothing loses its place."""

    def __init__(self, parent: Optional[QtCore.QObject] = None) -> None:
        super().__init__(parent)
        self._entries: List[Entry] = []

    @property
    def entries(self) -> List[Entry]:
        return self._entries

    def entry(self, index: Index) -> Optional[Entry]:
        place = index.row()
        return self._entries[place] if 0 <= place < len(self._entries) else None

    def place(self, key: str) -> int:
        """The row of a key; -1: there is none."""
        for place, entry in enumerate(self._entries):
            if entry.key == key:
                return place
        return -1

    def show(self, wanted: List[Entry]) -> None:
        """Change to other rows by taking out, putting in and changing single ones."""
        if wanted == self._entries:
            return
        keys = [entry.key for entry in wanted]
        self._take_out(set(keys))
        if [entry.key for entry in self._entries] != [k for k in keys if self.place(k) >= 0]:
            self.beginResetModel()  # an order that changed: rare, and not worth moving rows for
            self._entries = list(wanted)
            self.endResetModel()
            return
        self._put_in(wanted)
        self._change(wanted)

    def _take_out(self, stay: set[str]) -> None:
        for place in range(len(self._entries) - 1, -1, -1):
            if self._entries[place].key not in stay:
                self.beginRemoveRows(Index(), place, place)
                del self._entries[place]
                self.endRemoveRows()

    def _put_in(self, wanted: List[Entry]) -> None:
        have = {entry.key for entry in self._entries}
        place = 0
        while place < len(wanted):
            run = place
            while run < len(wanted) and wanted[run].key not in have:
                run += 1
            if run > place:
                self.beginInsertRows(Index(), place, run - 1)
                self._entries[place:place] = wanted[place:run]
                self.endInsertRows()
            place = run + 1

    def _change(self, wanted: List[Entry]) -> None:
        for place, (before, after) in enumerate(_pairs(self._entries, wanted)):
            if before != after:
                self._entries[place] = after
                index = self.index(place)
                self.dataChanged.emit(index, index)

    # What Qt asks

    def rowCount(self, parent: Any = None) -> int:  # noqa: N802 - Qt's name
        return 0 if parent is not None and parent.isValid() else len(self._entries)

    def data(self, index: Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        entry = self.entry(index)
        if entry is None:
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return entry.title
        return None

    def flags(self, index: Any) -> Any:
        """A heading is read, and never chosen."""
        entry = self.entry(index)
        if entry is not None and entry.take is not None:
            return super().flags(index)
        return Qt.ItemFlag.ItemIsEnabled


def _pairs(ones: List[Entry], others: List[Entry]) -> List[Tuple[Entry, Entry]]:
    return list(zip(list(ones), others))
