"""Guard: who may ask at all. It stands before everything else, the page's own files included.

A page of another site must neither read nor decide: the Host header must be a name that is ours
(else a foreign name that was pointed at this machine would do), a decision must come from our own
page, and it is JSON, which no foreign form can send without asking first.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from answerprint_studio import trouble

MOST_BODY = 256 << 10
_READING = ("GET", "HEAD", "OPTIONS")
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Guard:
    """`names`: what this machine may be called in a Host header."""

    def __init__(self, app: ASGIApp, names: Iterable[str]) -> None:
        self._app = app
        self._names = {name.lower() for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        secured = _secured(send)
        refused = self._refused(scope)
        if refused is None and scope["method"] not in _READING:
            whole = await _whole(receive)
            receive, refused = whole or receive, None if whole else _too_large()
        await (refused or self._app)(scope, receive, secured)

    def _refused(self, scope: Scope) -> ASGIApp | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if _name(host) not in self._names:
            return _no(
                421,
                "This service is not known by that name.",
                "Open it by the address that it said when it was started, or start it with --name.",
            )
        if scope["method"] in _READING:
            is_page = headers.get("sec-fetch-mode") == "navigate"
            is_foreign = headers.get("sec-fetch-site") == "cross-site" and not is_page
            return _no(403, "Another site asked for this.", _OPEN) if is_foreign else None
        return _unwelcome(headers, host)


def _unwelcome(headers: Headers, host: str) -> ASGIApp | None:
    """What speaks against a request that changes something; None: nothing."""
    origin, sent_by = headers.get("origin"), headers.get("sec-fetch-site", "")
    if sent_by not in ("", "same-origin") or (origin is not None and not _same(origin, host)):
        return _no(403, "Another site asked for this.", _OPEN)
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return _no(415, "A decision is sent as application/json.", _OPEN)
    length = headers.get("content-length", "0")
    return None if length.isdecimal() and int(length) <= MOST_BODY else _too_large()


async def _whole(receive: Receive) -> Receive | None:
    """The request's body, read before anybody works on it; None for one that is too large."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break
        body += message.get("body", b"")
        if len(body) > MOST_BODY:
            return None
        if not message.get("more_body"):
            break
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receiving() -> Message:
        return first.pop() if first else await receive()

    return receiving


def _secured(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            held = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [
                *message["headers"],
                *((k.encode(), v.encode()) for k, v in HEADERS.items() if k.encode() not in held),
            ]
        await send(message)

    return sending


def _name(host: str) -> str:
    """The name in a Host header, without its port; '' for one that is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _same(origin: str, host: str) -> bool:
    return origin.lower() in (f"http://{host}".lower(), f"https://{host}".lower())


def _too_large() -> ASGIApp:
    return _no(
        413,
        f"The request is larger than {MOST_BODY:,} bytes.",
        "Write a shorter note, or draw fewer strokes.",
    )


def _no(code: int, problem: str, remedy: str) -> ASGIApp:
    return trouble.answer(code, problem, remedy, "Forbidden" if code == 403 else "Refused")


_OPEN = "Open the review page itself, and decide there."
