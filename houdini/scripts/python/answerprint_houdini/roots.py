"""Where the panel's modules lie: beside the adapter, in a checkout as in an installed version.

Imported before any of them, and by that they are found.
"""

from __future__ import annotations

import os
import sys

# realpath: the version that these files are of, also after another one has become current
HOUDINI = os.path.realpath(__file__).rsplit(os.sep, 4)[0]
CORE = os.path.join(os.path.dirname(HOUDINI), "core")

if os.path.isdir(CORE) and CORE not in sys.path:
    sys.path.append(CORE)  # at the end: no module of the host's is ever hidden by ours
