"""Plain: what Houdini shows and uses as it stands: $ begins a variable there, backticks are run."""

from __future__ import annotations

from answerprint_panel.plain import MOST_PATH, Plain, node_name

__all__ = ["MOST_PATH", "PLAIN", "RUNS", "exact", "node_name", "path", "words"]

RUNS = '$`\\"'
PLAIN = Plain("Houdini", RUNS, "a variable or an expression")

words, exact, path = PLAIN.words, PLAIN.exact, PLAIN.path
