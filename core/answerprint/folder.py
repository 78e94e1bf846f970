"""Folders: whether one is there, and what the system says where it does not let us look."""

from __future__ import annotations

import stat
from pathlib import Path

from answerprint.errors import TakeError


def is_folder(path: Path) -> bool:
    """Whether a folder is there; links are followed.

    Raises:
        TakeError: that cannot be told: it may not be looked at, or can be no path.
    """
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> TakeError:
    """Our error for a file, or a folder, that the system does not let us read."""
    named = Path(str(getattr(error, "filename", None) or path)).as_posix().replace("\0", "\\0")
    why = error.strerror if isinstance(error, OSError) else str(error)
    return TakeError(
        f"{named} cannot be read: {why}.",
        remedy="Check the path, and that you may read what lies there.",
    )
