"""Help: the way to a first take and the keys, in a window of its own; it needs no internet."""

from __future__ import annotations

from typing import Optional

from answerprint_panel.qt import Qt, QtGui, QtWidgets

TEXT = """
<h3>A take in four steps</h3>
<ol>
<li>Choose a <b>task</b>: what shall be done with the plate.</li>
<li>Select a node and press <b>Use selected</b>, or choose a file. What is there of it stands below.</li>
<li>Look at <b>Layers</b>, <b>Frames</b> and <b>Colour</b>: each says what was found.
A bold label is one that differs from its default.</li>
<li>Press <b>Run</b>. The job goes on by itself: the panel, the script and {host} can be closed.</li>
</ol>
<p>The result is a numbered take. <b>Place</b> makes a node that reads it, wired to nothing;
no take is ever overwritten.</p>
<h3>Keys</h3>
<table cellspacing="6">
<tr><td><b>Tab</b></td><td>from control to control, top to bottom</td></tr>
<tr><td><b>Enter</b></td><td>runs; on a button, presses it; in a field, takes what was typed</td></tr>
<tr><td><b>Up, Down</b></td><td>count in a number; browse takes</td></tr>
<tr><td><b>A, R</b></td><td>approves the selected take; asks for a retake, with a note</td></tr>
<tr><td><b>G</b></td><td>goes to the frame of what was found in it</td></tr>
<tr><td><b>Space</b></td><td>shows the plate in a take's picture</td></tr>
<tr><td><b>Esc</b></td><td>back to {host}</td></tr>
<tr><td><b>F1, ?</b></td><td>this page</td></tr>
</table>
<h3>When something is wrong</h3>
<p>A note says what it is, where, and what is safe, with one button that mends it.
<b>Copy diagnostics</b> is for the pipeline team.</p>
"""


class Help(QtWidgets.QDialog):
    """Beside the panel, not before it; Escape closes it."""

    def __init__(self, host: str, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Answerprint: help")
        self.setModal(False)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.text = QtWidgets.QTextBrowser()
        self.text.setAccessibleName("Help")
        self.text.setHtml(TEXT.format(host=host))
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.text)
        self.resize(460, 520)

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() == Qt.Key.Key_F1:
            self.close()
            return
        super().keyPressEvent(event)
