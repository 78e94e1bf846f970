"""The application: the API under /api/v1, and the page that uses nothing else."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

import answerprint
from answerprint_studio import (
    events_api,
    exports_api,
    frames_api,
    looks_api,
    reviews_api,
    takes_api,
    trouble,
)
from answerprint_studio.guard import Guard
from answerprint_studio.settings import LOOPBACK, Settings
from answerprint_studio.studio import Studio

ROUTERS = (takes_api, reviews_api, frames_api, looks_api, events_api, exports_api)


def app(settings: Settings) -> FastAPI:
    """An application of its own; it follows the take folders while it is up.

    Raises:
        SetupError: the index cannot be opened.
    """
    studio = Studio.of(settings)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if settings.follows:
            studio.follower.start()
        try:
            yield
        finally:
            studio.close()

    made = FastAPI(
        title="Answerprint studio",
        summary="Takes to look at, compare and decide upon.",
        version=answerprint.__version__,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # they come from elsewhere: nothing here does
        redoc_url=None,
        lifespan=lifespan,
        responses=trouble.RESPONSES,
    )
    made.state.studio = studio
    trouble.heard(made, settings.home)
    for one in ROUTERS:
        made.include_router(one.router)
    page = Page(directory=settings.page, html=True, check_dir=False)
    made.mount("/static", page, name="static")
    made.mount("/", page, name="page")
    named = (name for name in (settings.host, *settings.names) if name)
    made.add_middleware(Guard, names=(*LOOPBACK, *named))
    return made


class Page(StaticFiles):
    """The page's files as they are: looked at anew each time, and not sent again for nothing."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        found = await super().get_response(path, scope)
        found.headers.setdefault("Cache-Control", "no-cache")
        return found
