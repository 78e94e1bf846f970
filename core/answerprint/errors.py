"""Errors: each one is a problem and a remedy, in words an artist can act on.

AnswerprintError
├── JobError            the request is wrong: task options, frames, parameters      exit 2
│   └── ChangedMeanwhile    somebody else changed the roll-out, unseen
├── SourceError         the plate cannot be used                                    exit 3
├── ServerError         the server cannot do it                                     exit 4
│   ├── ServerAway          nothing answers there
│   ├── ServerRefused       it answers, and does not let us in
│   ├── ServerNotReady      it is there and cannot serve yet
│   │   └── ServerLimited       a gateway before it lets through no more just now
│   ├── ServerSilent        it did not answer before the deadline
│   │   └── ModelHangs          it answers, and the model has done nothing all the while
│   ├── ServerGarbled       what went to it or came back was changed on the way
│   ├── NoSuchTask          it does not offer this task
│   ├── ModelReplaced       it offers the task, of another model than the take was begun with
│   ├── ServerOutOfMemory   the frame is too large for it
│   ├── ContractError       a model describes itself wrongly
│   └── InferenceError      the model failed on this frame
│       └── ModelDied           its process on the server died
├── TakeError           the take cannot be written or read                          exit 5
│   ├── TakeExists          the number is taken
│   ├── TakeBusy            another process is writing it
│   ├── DiskFull            no space left; finished frames stay
│   └── ReviewError         a decision about it cannot be made or kept
│       └── DecidedMeanwhile    somebody else decided, unseen
├── SigningError        a key is missing, unreadable or unsafe                      exit 6
└── SetupError          this machine or its configuration lacks something           exit 7
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Fix:
    """What one button does about an error, where one really cures it.

    label    what the button says
    change   is laid over the job's document, field by field; what it does not name stays
    argv     where it is no matter of the job: what to ask of the command line instead
    run      whether the button, as its label says, runs the changed job as well
    """

    label: str
    change: Mapping[str, Any] = field(default_factory=dict)
    argv: tuple[str, ...] = ()
    run: bool = False

    def as_json(self) -> dict[str, Any]:
        does = {"argv": list(self.argv)} if self.argv else {"change": dict(self.change)}
        return {"label": self.label, **does, **({"run": True} if self.run else {})}


class AnswerprintError(Exception):
    """A problem and a remedy.

    `problem` says what happened and where (frame, layer, file, number);
    `remedy` says what to do about it; `fix` does it.
    """

    exit_code = 1

    def __init__(self, problem: str, *, remedy: str, fix: Fix | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy
        self.fix = fix

    def as_json(self) -> dict[str, Any]:
        """For programs; a fix stands in it only where there is one."""
        said = {"error": type(self).__name__, "problem": self.problem, "remedy": self.remedy}
        return said if self.fix is None else {**said, "fix": self.fix.as_json()}


class JobError(AnswerprintError):
    exit_code = 2


class ChangedMeanwhile(JobError):  # noqa: N818
    pass


class SourceError(AnswerprintError):
    exit_code = 3


class ServerError(AnswerprintError):
    exit_code = 4


class ServerAway(ServerError):  # noqa: N818 - the tree's names are what artists read
    pass


class ServerRefused(ServerError):  # noqa: N818
    pass


class ServerNotReady(ServerError):  # noqa: N818
    pass


class ServerLimited(ServerNotReady):
    """`seconds` is when it may be asked again."""

    seconds = 2.0


class ServerSilent(ServerError):  # noqa: N818
    pass


class ServerGarbled(ServerError):  # noqa: N818
    pass


class ModelHangs(ServerSilent):
    pass


class NoSuchTask(ServerError):  # noqa: N818
    pass


class ModelReplaced(ServerError):  # noqa: N818
    pass


class ServerOutOfMemory(ServerError):  # noqa: N818
    pass


class ContractError(ServerError):
    pass


class InferenceError(ServerError):
    pass


class ModelDied(InferenceError):  # noqa: N818
    pass


class TakeError(AnswerprintError):
    exit_code = 5


class TakeExists(TakeError):  # noqa: N818
    pass


class TakeBusy(TakeError):  # noqa: N818
    pass


class DiskFull(TakeError):  # noqa: N818
    pass


class ReviewError(TakeError):
    pass


class DecidedMeanwhile(ReviewError):  # noqa: N818
    """`review` is the decision that stands now, as rows have it; None where it was taken back."""

    def __init__(self, problem: str, *, remedy: str, review: dict[str, Any] | None) -> None:
        super().__init__(problem, remedy=remedy)
        self.review = review

    def as_json(self) -> dict[str, Any]:
        return {**super().as_json(), "review": self.review}


class SigningError(AnswerprintError):
    exit_code = 6


class SetupError(AnswerprintError):
    exit_code = 7
