"""What the panel remembers between two sessions: folds, the last task. Small, and never in the way."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from typing import Any, Dict

MOST_BYTES = 1 << 18


class Memory:
    """A JSON object in a file that several hosts share.

    What others wrote meanwhile stays; of two that write the same key the last one wins. A file that
    is broken counts as empty, and is replaced whole with the next `save`.

    problem   why the last `save` or the reading failed; empty where it did not
    """

    def __init__(self, path: str) -> None:
        self.problem = ""
        self._path = path
        self._known = self._read()
        self._changed: Dict[str, Any] = {}
        self._lock = threading.Lock()

    def recall(self, key: str, default: Any = None) -> Any:
        return self._known.get(key, default)

    def remember(self, key: str, value: Any) -> None:
        """Raises TypeError or ValueError: that is nothing JSON can hold."""
        json.dumps(value, allow_nan=False)
        self._known[key] = self._changed[key] = value

    def save(self) -> None:
        """Write what has changed. May be called on any thread."""
        with self._lock:
            changed, self._changed = self._changed, {}
            if not changed:
                return
            try:
                self._write({**self._read(), **changed})
                self.problem = ""
            except OSError as error:  # the panel works without; the diagnostics say so
                self.problem = f"{self._path} cannot be written: {error.strerror or error}"

    def _read(self) -> Dict[str, Any]:
        try:
            with open(self._path, "rb") as file:
                text = file.read(MOST_BYTES)
            return dict(json.loads(text.decode("utf-8")))
        except FileNotFoundError:
            return {}
        except (OSError, TypeError, ValueError, RecursionError) as error:
            self.problem = f"{self._path} cannot be read, and counts as empty: {error}"
            return {}

    def _write(self, held: Dict[str, Any]) -> None:
        os.makedirs(os.path.dirname(self._path), exist_ok=True)
        part = f"{self._path}.{os.getpid()}.part"
        try:
            with open(part, "w", encoding="utf-8") as file:
                json.dump(held, file, indent=1, sort_keys=True)
            os.replace(part, self._path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(part)
            raise
