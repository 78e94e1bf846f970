"""Reviewing: a person's decision about a take, kept by the engine as a signed statement in the take.

It is the same statement whether it was made here, on the review page or in a shell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Optional

from answerprint_panel import judged, words
from answerprint_panel.host import Document

if TYPE_CHECKING:
    from answerprint_panel.session import Session  # takes Qt; not before it is needed

Then = Callable[[Document], None]

DONE = {"approve": "is approved", "retake": "was asked for again", "withdraw": "waits for review"}
ASKED = {"approve": "Approve", "retake": "Retake", "withdraw": "Take back"}
MEANWHILE = "DecidedMeanwhile"
NO_NOTE: Document = {
    "error": "ReviewError",
    "problem": "A retake needs a note.",
    "remedy": "Say what is to be done differently.",
    "fix": None,
}

UNKNOWN: Document = {
    "error": "ReviewError",
    "problem": "The engine did not say whether the decision was kept.",
    "remedy": "Look at what the take says, then decide again where it is missing.",
    "fix": None,
}


def decide(
    session: Session,
    take: Document,
    verb: str,
    then: Then,
    *,
    note: str = "",
    blindly: bool = False,
) -> None:
    """Have the engine keep a decision: then(its statement), or the error that says why it cannot.

    verb     approve, retake (needs a note) or withdraw
    blindly  keep it whatever others have decided; else an error comes back where somebody has since
             `take` was listed, with a fix whose verb asks for it all the same
    """
    if verb == "retake" and not note.strip():
        then(NO_NOTE)
        return
    argv = ["review", str(take.get("path") or ""), f"--{verb}"]
    if note.strip():
        argv.append(f"--note={note.strip()}")  # it may begin with a dash
    argv += ["--tool", session.host.name]
    if not blindly:
        argv += ["--seen", seen(take)]

    def heard(answer: Document) -> None:
        told = answer if answer.get("state") or "error" in answer else UNKNOWN
        then(_worded(told, take, verb, note) if "error" in told else told)

    session.first(argv, heard)


def seen(take: Document) -> str:
    """The decision that a listed take shows; none where it shows none."""
    return str(judged.decision(take).get("id") or "none")


def done(take: Document, verb: str) -> str:
    """What came of it: v003 is approved."""
    return f"{take.get('take') or 'The take'} {DONE[verb]}"


def _worded(error: Document, take: Document, verb: str, note: str) -> Document:
    """Somebody else has decided: who, what, and one button to keep ours beside it.

    The fix says all that it is about: by then another take may be the one that is looked at.
    """
    if error.get("error") != MEANWHILE:
        return error
    theirs = judged.told({**take, "review": error.get("review")}, words.me())
    label = str(take.get("take") or "the take")
    return {
        **error,
        "problem": f"Somebody decided about {label} meanwhile. {theirs}".strip(),
        "remedy": "Nothing of yours was kept. Both stay in its history if you decide all the same.",
        "fix": {
            "label": f"{ASKED[verb]} {label} all the same",
            "verb": verb,
            "path": take.get("path"),
            "note": note,
        },
    }


def wants_all_the_same(fix: Optional[Document]) -> str:
    """The verb of such a fix; empty: it is another one."""
    verb = str((fix or {}).get("verb") or "")
    return verb if verb in DONE else ""
