"""Profiles: from which number on each gate warns or blocks, for one class of tasks.

One TOML file a profile, in `profiles/`; a studio's own of the same name, in the folder that its
site's `profiles` names, is laid over it line by line.

    name = "denoise"
    version = 1
    calibrated = "sha256 of the set"        # absent: the limits are judgement, nothing measured them
    set = "where that set comes from, and how to build it again"

    [gates]
    highlights = { warn = 0.05 }
    nonfinite = { block = 0 }
    structure = "off"
    flicker = "measured"                    # a number in the plot, and no limit
"""

from __future__ import annotations
