"""How a host is told where to look: what every host's way can do."""

from __future__ import annotations


class Telling:
    """One host, and one place that it is told of.

    host    the installer's word for it, and its folder in the place
    target  the folder that the host is pointed at, forward slashes
    """

    host = ""
    target = ""

    @property
    def environment(self) -> str:
        """The line for a launcher, or a user's environment, instead."""
        raise NotImplementedError

    def check(self) -> None:
        """Raises MissingError: the host cannot be told of this place. Nothing is written yet."""

    def plan(self) -> None:
        """Say what would be written where."""
        raise NotImplementedError

    def offer(self, *, yes: bool) -> None:
        """Write it, if somebody agrees; else say what to write. Raises MissingError."""
        raise NotImplementedError

    @property
    def is_there(self) -> bool:
        """Whether something of ours is to be taken out."""
        raise NotImplementedError

    def say_there(self) -> None:
        raise NotImplementedError

    def withdraw(self) -> None:
        """Take out what names this place, and nothing else. Raises MissingError."""
        raise NotImplementedError

    def say_left(self) -> None:
        """What somebody has to take out of an environment themselves, where that may be."""
