"""Events: told to every open page as they come: which takes are others now."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from answerprint_studio.studio import Here, Studio

router = APIRouter(prefix="/api/v1", tags=["events"])

BEAT_SECONDS = 15.0
GATHER_SECONDS = 0.2  # what comes together is told together


@router.get(
    "/events",
    summary="Server-sent events: 'takes', with the ids of those that changed",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def events(studio: Here, request: Request) -> StreamingResponse:
    return StreamingResponse(
        _told(studio, request),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _told(studio: Studio, request: Request) -> AsyncIterator[str]:
    with studio.hub.listening() as queue:
        if queue is None:
            yield "retry: 60000\n\n"
            return
        yield "retry: 2000\n\n: hello\n\n"
        while not studio.hub.is_over and not await request.is_disconnected():
            try:
                idents = await asyncio.wait_for(queue.get(), BEAT_SECONDS)
            except asyncio.TimeoutError:
                yield ": still here\n\n"
                continue
            if idents:
                await asyncio.sleep(GATHER_SECONDS)
            while not queue.empty():
                idents |= queue.get_nowait()
            if idents:
                yield f"event: takes\ndata: {json.dumps({'ids': sorted(idents)})}\n\n"
