"""A take's row, painted: its picture, and three lines beside it."""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional, Tuple

from answerprint_panel import icons, judged, look
from answerprint_panel.judged import Mark
from answerprint_panel.qt import Qt, QtCore, QtGui, QtWidgets
from answerprint_panel.take_model import Entry, TakeModel
from answerprint_panel.take_words import TakeRow
from answerprint_panel.thumbnails import Pictures

HEADING = 26
EDGE = 7  # above and below a thumbnail
STRIPE = 3  # of the selected take
SMALL_ICON = 14
LEAST_PLACE = 5.0  # so small a place would not be seen otherwise
ACTIONS = 96  # what the icons of a row that is pointed at take of its last line

_MIDDLE = int(Qt.AlignmentFlag.AlignVCenter)


class TakeDelegate(QtWidgets.QStyledItemDelegate):
    """Paints rows. What is selected, pointed at and shown in the picture it is told by the list.

    pictures   a take's pictures by its folder and frame; asked only for rows that are painted
    opened     how much higher the selected row is
    whole      the selected row shows its plate alone
    hovered    the row that is pointed at, -1 for none
    """

    def __init__(
        self,
        pictures: Callable[[str, Optional[int]], Optional[Pictures]],
        parent: QtWidgets.QListView,
    ) -> None:
        super().__init__(parent)
        self._pictures = pictures
        self.opened, self.whole, self.hovered = 0, False, -1
        self._font: Optional[QtGui.QFont] = None
        self._heights = (HEADING, look.THUMBNAIL[1] + 2 * EDGE)

    def height(self, widget: QtWidgets.QWidget, entry: Entry) -> int:
        """A row's height when it is not selected; measured once for a font."""
        font = widget.font()
        if font != self._font:
            self._font, self._heights = QtGui.QFont(font), _heights(font)
        return self._heights[0 if entry.take is None else 1]

    def sizeHint(  # noqa: N802 - Qt's name
        self, option: QtWidgets.QStyleOptionViewItem, index: Any
    ) -> QtCore.QSize:
        view, model = self.parent(), index.model()
        if not isinstance(view, QtWidgets.QListView) or not isinstance(model, TakeModel):
            return super().sizeHint(option, index)
        entry = model.entry(index)
        high = self.height(view, entry) if entry is not None else 0
        if view.currentIndex().row() == index.row():
            high += self.opened
        return QtCore.QSize(look.WIDTH // 2, high)

    def paint(
        self,
        painter: QtGui.QPainter,
        option: QtWidgets.QStyleOptionViewItem,
        index: Any,
    ) -> None:
        view, model = self.parent(), index.model()
        if not isinstance(view, QtWidgets.QListView) or not isinstance(model, TakeModel):
            return
        entry = model.entry(index)
        if entry is None:
            return
        painter.save()
        colours = look.of(view)
        rect = QtCore.QRect(getattr(option, "rect"))  # noqa: B009 - Qt's types do not know it
        if entry.take is None or entry.row is None:
            _paint_heading(painter, rect, entry, view.font(), colours)
        else:
            selected = view.currentIndex().row() == index.row()
            hovered = index.row() == self.hovered and not selected
            _paint_ground(painter, rect, colours, selected=selected, hovered=hovered)
            box = QtCore.QRect(rect.left() + look.MARGIN, rect.top() + EDGE, *look.THUMBNAIL)
            pictures = self._pictures(entry.key, frame_of(entry))
            split = 0.0 if not selected else 1.0 if self.whole else 0.5
            _paint_picture(painter, box, pictures, entry, colours, split)
            room = QtCore.QRect(rect)
            room.setHeight(self.height(view, entry))
            room.setLeft(box.right() + 1 + look.WIDE)
            room.setRight(rect.right() - look.MARGIN)
            _Lines(painter, view.font(), colours).paint(room, entry.row, narrow=hovered)
            if selected and view.hasFocus():
                ring = rect.adjusted(STRIPE + 1, 1, -2, -1)
                ring.setHeight(self.height(view, entry) - 2)
                look.paint_focus(painter, ring, colours)
        painter.restore()


def _heights(font: QtGui.QFont) -> Tuple[int, int]:
    """Of a heading, and of a take: as the grid says, or as a large font needs."""
    body, heading = (QtGui.QFontMetrics(one).height() for one in (font, look.heading(font)))
    take = heading + 2 * body + 2 * look.GAP + 2 * EDGE
    return max(HEADING, body + look.GAP), max(look.THUMBNAIL[1] + 2 * EDGE, take)


def _paint_heading(
    painter: QtGui.QPainter,
    rect: QtCore.QRect,
    entry: Entry,
    font: QtGui.QFont,
    colours: look.Look,
) -> None:
    box = QtCore.QRectF(rect.left() + look.MARGIN, rect.center().y() - 7.5, 16, 16)
    icons.paint(painter, icons.task(entry.task), box, colours.secondary)
    painter.setFont(look.body(font))
    painter.setPen(colours.secondary)
    room = rect.adjusted(look.AFTER_ICON, 0, -look.MARGIN, 0)
    text = QtGui.QFontMetrics(look.body(font)).elidedText(
        entry.title, Qt.TextElideMode.ElideMiddle, room.width()
    )
    painter.drawText(room, _MIDDLE, text)


def _paint_ground(
    painter: QtGui.QPainter,
    rect: QtCore.QRect,
    colours: look.Look,
    *,
    selected: bool,
    hovered: bool,
) -> None:
    if selected:
        painter.fillRect(rect, colours.selected)
        stripe = QtCore.QRect(rect)
        stripe.setWidth(STRIPE)
        painter.fillRect(stripe, colours.accent)
    elif hovered:
        painter.fillRect(rect, colours.hover)


def _paint_picture(
    painter: QtGui.QPainter,
    box: QtCore.QRect,
    pictures: Optional[Pictures],
    entry: Entry,
    colours: look.Look,
    split: float,
) -> None:
    """The take; left of `split` the plate, as a part of the width, where there is one."""
    painter.save()
    painter.setRenderHint(QtGui.QPainter.RenderHint.SmoothPixmapTransform)
    clip = QtGui.QPainterPath()
    clip.addRoundedRect(QtCore.QRectF(box), 2, 2)
    painter.setClipPath(clip)
    painter.fillRect(box, colours.field)
    take = pictures.take if pictures is not None else None
    plate = pictures.plate if pictures is not None else None
    if take is None:
        icon = QtCore.QRectF(0, 0, 20, 20)
        icon.moveCenter(QtCore.QRectF(box).center())
        name = "warn" if pictures is not None else icons.task(entry.task)
        icons.paint(painter, name, icon, colours.secondary)
    else:
        _draw_fitted(painter, box, take)
    if plate is not None and split > 0:
        left = QtCore.QRect(box)
        left.setWidth(round(box.width() * split))
        painter.setClipRect(left, Qt.ClipOperation.IntersectClip)
        painter.fillRect(left, colours.field)
        _draw_fitted(painter, box, plate)
        if split < 1:
            painter.fillRect(left.right(), box.top(), 1, box.height(), QtGui.QColor(255, 255, 255))
    if take is not None and pictures is not None and pictures.frame == frame_of(entry):
        painter.setClipRect(box)
        _paint_place(painter, _fitted(box, take), entry.take or {}, colours)
    painter.restore()


def frame_of(entry: Entry) -> Optional[int]:
    """Of the worst finding; of a wedge none: which variation it is in a list does not say."""
    take = entry.take or {}
    several = take.get("variations")
    return None if isinstance(several, int) and several > 1 else judged.frame(take)


def _paint_place(
    painter: QtGui.QPainter, room: QtCore.QRectF, take: Dict[str, Any], colours: look.Look
) -> None:
    """Where the worst finding is: a frame around it, in the colour of its word."""
    place, wide, high = judged.box(take), take.get("width"), take.get("height")
    if place is None or not isinstance(wide, int) or not isinstance(high, int):
        return
    across, down = room.width() / max(1, wide), room.height() / max(1, high)
    left, top, right, bottom = place
    shown = QtCore.QRectF(
        room.left() + left * across,
        room.top() + top * down,
        max(LEAST_PLACE, (right + 1 - left) * across),
        max(LEAST_PLACE, (bottom + 1 - top) * down),
    )
    painter.setBrush(Qt.BrushStyle.NoBrush)
    tone = judged.qc(take).tone or "text"
    for colour, width in ((QtGui.QColor(0, 0, 0, 160), 3.0), (getattr(colours, tone), 1.5)):
        painter.setPen(QtGui.QPen(colour, width))
        painter.drawRect(shown.intersected(room.adjusted(1, 1, -1, -1)))


def _draw_fitted(painter: QtGui.QPainter, box: QtCore.QRect, picture: QtGui.QPixmap) -> None:
    """Whole, in its own shape, in the middle: nothing of a frame is cut off."""
    painter.drawPixmap(_fitted(box, picture), picture, QtCore.QRectF(picture.rect()))


def _fitted(box: QtCore.QRect, picture: QtGui.QPixmap) -> QtCore.QRectF:
    size = QtCore.QSizeF(picture.size())
    size.scale(QtCore.QSizeF(box.size()), Qt.AspectRatioMode.KeepAspectRatio)
    room = QtCore.QRectF(QtCore.QPointF(0, 0), size)
    room.moveCenter(QtCore.QRectF(box).center())
    return room


class _Lines:
    """The three lines of a take, each from left to right, with what belongs to its right end."""

    def __init__(self, painter: QtGui.QPainter, font: QtGui.QFont, colours: look.Look) -> None:
        self._painter, self._colours = painter, colours
        self._body, self._strong = look.body(font), look.strong(font)
        self._heading = look.heading(font)

    def paint(self, room: QtCore.QRect, row: TakeRow, *, narrow: bool) -> None:
        step = (room.height() - 2 * EDGE) / 3
        lines = [
            QtCore.QRect(
                room.left(), room.top() + EDGE + round(at * step), room.width(), round(step)
            )
            for at in range(3)
        ]
        self._first(lines[0], row)
        colour = self._colours.text if row.loud else self._colours.secondary
        self._write(lines[1], row.line, self._body, colour)
        last = lines[2].adjusted(0, 0, -ACTIONS if narrow else 0, 0)
        last = self._write(last, row.who, self._body, self._colours.secondary, look.WIDE)
        self._mark(last, row.review if row.review.word else row.standing, self._body)

    def _first(self, line: QtCore.QRect, row: TakeRow) -> None:
        wide = QtGui.QFontMetrics(self._body).horizontalAdvance(row.when)
        self._write(
            QtCore.QRect(line.right() - wide, line.top(), wide + 1, line.height()),
            row.when,
            self._body,
            self._colours.secondary,
        )
        left = line.adjusted(0, 0, -wide - look.GAP, 0)
        left = self._write(left, row.take, self._heading, self._colours.text, look.WIDE)
        self._mark(left, row.qc, self._strong if row.qc.tone else self._body)

    def _mark(self, line: QtCore.QRect, mark: Mark, font: QtGui.QFont) -> None:
        if not mark.word:
            return
        colours = self._colours
        colour = getattr(colours, mark.tone) if mark.tone else colours.secondary
        if mark.icon:
            box = QtCore.QRectF(line.left(), 0, SMALL_ICON, SMALL_ICON)
            box.moveTop(line.top() + (line.height() - SMALL_ICON) / 2)
            icons.paint(self._painter, mark.icon, box, colour)
            line = line.adjusted(SMALL_ICON + look.SMALL + 1, 0, 0, 0)
        self._write(line, mark.word, font, colour)

    def _write(
        self,
        line: QtCore.QRect,
        text: str,
        font: QtGui.QFont,
        colour: QtGui.QColor,
        gap: int = 0,
    ) -> QtCore.QRect:
        """Write as much as there is room for; returns what is left of the line."""
        metrics = QtGui.QFontMetrics(font)
        said = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, line.width()))
        self._painter.setFont(font)
        self._painter.setPen(colour)
        self._painter.drawText(line, _MIDDLE, said)
        return line.adjusted(metrics.horizontalAdvance(said) + gap, 0, 0, 0)
