"""Plain: what Nuke shows and uses as it stands. Labels and file paths are TCL to it."""

from __future__ import annotations

from answerprint_panel.plain import Plain, node_name

__all__ = ["PLAIN", "RUNS", "exact", "node_name", "path", "words"]

RUNS = '[]$`\\{}"'
PLAIN = Plain("Nuke", RUNS, "an expression")

words, exact, path = PLAIN.words, PLAIN.exact, PLAIN.path
