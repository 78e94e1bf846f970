"""Words: verbs that have verbs of their own, `answerprint models check`; each is a file of its own."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from answerprint.documents import did_you_mean
from answerprint.errors import JobError

# of a verb: its words -> the file of each below answerprint.cli; names alone, nothing is imported
WORDS = {
    "qc": {"calibrate": "calibrate"},
    "models": {
        name: f"models.{name}"
        for name in (
            "check",
            "test",
            "add",
            "status",
            "promote",
            "rollback",
            "canary",
            "mirror",
            "pin",
            "alias",
            "freeze",
            "log",
            "compare",
        )
    },
    "server": {
        name: f"server.{name}"
        for name in ("certs", "gateway", "token", "load", "watch", "top", "drain")
    },
}
# as they are asked for: 'models check' -> its file
WITHIN = {f"{verb} {word}": file for verb, words in WORDS.items() for word, file in words.items()}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Of a verb that is nothing without a word."""
    parser.add_argument("word", nargs="?", metavar="WORD", help="what to do; see below")
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)


def refuse(verb: str, word: str | None) -> int:
    """Raises JobError: there is no such word, or none was given."""
    words = list(WORDS[verb])
    listed = f"They are {_listed(words)}; see 'answerprint {verb} --help'."
    if word is None:
        raise JobError(f"'answerprint {verb}' needs a word that says what to do.", remedy=listed)
    raise JobError(f"There is no '{verb} {word}'.{did_you_mean(word, words)}", remedy=listed)


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)
