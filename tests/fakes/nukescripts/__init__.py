"""Nuke's own scripts, as far as they are asked for: `nukescripts.panels`."""

from nukescripts import panels as panels
