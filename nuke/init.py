"""Nuke reads this first, with a UI or without: where Answerprint's host side lies, and no more."""

import os
import sys

# of the code, for a host need not say __file__
_HERE = os.path.dirname(os.path.abspath((lambda: None).__code__.co_filename))
for _folder in (_HERE, os.path.join(os.path.dirname(_HERE), "core")):
    if os.path.isdir(_folder) and _folder not in sys.path:
        sys.path.append(_folder)
