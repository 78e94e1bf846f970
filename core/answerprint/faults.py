"""Faults: what a server's refusal means, in our words. Which of them may pass is said here too."""

from __future__ import annotations

import re
from dataclasses import dataclass

from answerprint.errors import (
    InferenceError,
    ModelDied,
    NoSuchTask,
    ServerAway,
    ServerError,
    ServerGarbled,
    ServerLimited,
    ServerNotReady,
    ServerOutOfMemory,
    ServerRefused,
    ServerSilent,
)

_AFTER = re.compile(r"again in (\d{1,3}) s\b")
START_IT = "Start one with 'answerprint serve', or set ANSWERPRINT_SERVER to its host:port."


def meaning(address: str, what: str, status: str, said: str) -> ServerError:
    """The error that a gRPC status and the server's own sentence mean.

    address   of the server, host:port
    what      was asked for: a model's name, or 'the server'
    status    as gRPC names it: UNAVAILABLE
    said      the server's message; its first line is passed on
    """
    line = first_line(said) or status
    rule = next(rule for rule in _RULES if rule.fits(status, line.lower()))
    problem = rule.problem.format(address=address, what=what, said=line)
    found = rule.error(problem, remedy=rule.remedy)
    if isinstance(found, ServerLimited) and (after := _AFTER.search(line)):
        found.seconds = float(after[1])
    return found


def garbled(what: str, said: str) -> ServerGarbled:
    """What came back makes no sense, or not the sense that was sent."""
    return ServerGarbled(_GARBLED[1].format(what=what, said=first_line(said)), remedy=_GARBLED[2])


def first_line(text: str) -> str:
    """The sentence that people need; paths and tracebacks of the server stay in its log."""
    lines = text.strip().splitlines()
    return lines[0].strip() if lines else ""


@dataclass(frozen=True)
class _Rule:
    """Which of our errors a gRPC status, and words in its message, mean."""

    statuses: tuple[str, ...]
    words: tuple[str, ...]
    error: type[ServerError]
    problem: str
    remedy: str

    def fits(self, status: str, said: str) -> bool:
        known = not self.statuses or status in self.statuses
        return known and (not self.words or any(word in said for word in self.words))


_REFUSED = (
    ServerRefused,
    "The server at {address} does not let you in: {said}",
    "Ask the pipeline team for access.",
)
_GARBLED = (
    ServerGarbled,
    "What went to {what} and back over the network arrived changed: {said}",
    "Look at the network to the server: a cable, a card or a proxy changes bytes.",
)
_MEMORY = (
    ServerOutOfMemory,
    "The server ran out of memory in {what}: {said}",
    "Use a smaller frame, or a memory limit among the task's parameters.",
)
_TOO_LARGE = (
    ServerOutOfMemory,
    "What {what} was sent is larger than the gateway at {address} lets through: {said}",
    "Use a smaller frame, or ask the pipeline team for a higher limit.",
)
_GATEWAYS = ("UNAVAILABLE", "RESOURCE_EXHAUSTED", "UNKNOWN")
# Read from above; the first that fits. Triton says "restricted" and "queue" as UNAVAILABLE, which
# otherwise means that nothing answers.
_RULES = (
    _Rule((), ("restricted",), *_REFUSED),
    _Rule(
        (),
        ("explicit model load",),
        ServerRefused,
        "The server at {address} lets nobody load {what}.",
        "Ask the pipeline team to load it again there, or to start the server anew.",
    ),
    _Rule(("UNAUTHENTICATED", "PERMISSION_DENIED"), (), *_REFUSED),
    # ours, or gRPC's own words for what one answers that knows nothing of gRPC; a model says INTERNAL
    _Rule(_GATEWAYS, ("status: 413", "the most that one request may have"), *_TOO_LARGE),
    _Rule(
        _GATEWAYS,
        ("too many requests", "status: 429"),
        ServerLimited,
        "The gateway at {address} lets no more through just now: {said}",
        "It is tried again by itself; a higher limit is the pipeline team's to give.",
    ),
    _Rule(
        _GATEWAYS,
        ("status: 502", "status: 503", "status: 504", "nothing answers behind the gateway"),
        ServerNotReady,
        "The gateway at {address} answers, and the server behind it does not: {said}",
        "Try again in a while; if it stays so, tell the pipeline team.",
    ),
    _Rule((), ("out of memory", "bad_alloc"), *_MEMORY),
    _Rule(("RESOURCE_EXHAUSTED",), (), *_MEMORY),
    _Rule(
        ("UNAVAILABLE",),
        ("queue", "timeout expired"),
        ServerNotReady,
        "The server at {address} is busy: {said}",
        "Try again in a while.",
    ),
    _Rule(
        ("UNAVAILABLE",),
        ("http1.x server",),
        ServerRefused,
        "What answers at {address} speaks HTTP/1 or TLS, and no gRPC as it is.",
        "Check the port: Triton's gRPC side is usually 8001. A gateway needs [tls] in the site file.",
    ),
    _Rule(("UNAVAILABLE",), (), ServerAway, "No server answers at {address}.", START_IT),
    _Rule(
        ("NOT_FOUND",),
        (),
        NoSuchTask,
        "The server at {address} cannot run {what}: {said}",
        "See what it offers with 'answerprint tasks'.",
    ),
    _Rule(
        ("DEADLINE_EXCEEDED",),
        (),
        ServerSilent,
        "The server at {address} did not answer in time for {what}.",
        "See 'answerprint doctor'; the model may hang or the server be overloaded.",
    ),
    _Rule(
        (),
        ("is not healthy",),
        ModelDied,
        "The process of {what} died on the server: {said}",
        "Restart the server: 'answerprint serve --stop', then 'answerprint serve'.",
    ),
    _Rule((), ("failed parsing http/2", "unable to parse", "deserializ"), *_GARBLED),
    _Rule(
        (),
        (),
        InferenceError,
        "{what} failed: {said}",
        "Check the frame and the parameters; the server's log says more.",
    ),
)
