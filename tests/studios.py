"""A studio service as a browser meets it: on a port of this machine, over takes of a test's own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import requests
from samples import carried_out

from answerprint import audit, begin, job, preflight, signing
from answerprint.documents import canonical
from answerprint.site import Site
from answerprint.take import Take
from answerprint.triton import Server
from answerprint.verdict import Verdict
from answerprint_studio import serve
from answerprint_studio.app import app
from answerprint_studio.settings import Settings
from answerprint_studio.studio import Studio

SECONDS = 60  # that an answer may take on a machine that does much else


@dataclass
class Served:
    """`studio`: what the service holds; what follows the folders is asked to look by the test."""

    address: str
    studio: Studio

    def get(self, path: str, **words: Any) -> requests.Response:
        return requests.get(f"{self.address}{path}", timeout=SECONDS, **words)

    def json(self, path: str, **params: Any) -> dict[str, Any]:
        """The answer, which is no error."""
        answer = self.get(f"/api/v1{path}", params=params)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def post(self, path: str, document: Any, **headers: str) -> requests.Response:
        return requests.post(
            f"{self.address}/api/v1{path}", json=document, headers=headers, timeout=SECONDS
        )

    def decide(self, ident: str, state: str, **fields: Any) -> requests.Response:
        return self.post(f"/takes/{ident}/reviews", {"state": state, **fields})

    def look(self) -> None:
        """Take in all that lies there now."""
        self.studio.follower.everything()

    def take(self, label: str) -> dict[str, Any]:
        """The card of the take with this number, like v001."""
        found: dict[str, Any] = next(
            one for one in self.json("/takes")["takes"] if one["take"] == label
        )
        return found


def shot(server: Server, home: Path, root: Path, plates: Path, **fields: Any) -> Take:
    """A complete take of a shot below root/takes; passthrough unless `fields` says otherwise."""
    out = {"root": str(root / "takes"), "show": "glass", "shot": "010_0020"}
    asked = {"task": "passthrough", "plate": str(plates), **fields}
    asked["out"] = out | fields.get("out", {})
    take = begin.claim(preflight.resolve(job.make(asked), server, Site()))
    carried_out(server, take, home)
    return take


def judged(take: Take, verdict: dict[str, Any], home: Path) -> None:
    """Close a take anew with this verdict, signed as it is by whoever makes one."""
    manifest = take.read("manifest")["manifest"]
    manifest["qc"] = audit.write(take, Verdict.model_validate(verdict))
    signature = signing.own_signer(home).sign(canonical(manifest))
    take.write("manifest", {"manifest": manifest, "signature": signature})


def settings(root: Path, home: Path, **fields: Any) -> Settings:
    """Of a service that looks when the test says so, on any free port."""
    return replace(
        Settings((root,), fields.pop("site", Site()), home, port=0, follows=False), **fields
    )


@contextmanager
def served(asked: Settings) -> Iterator[Served]:
    ended = threading.Event()
    with serve.bound(asked) as (own, known):
        made = app(known)
        words = {"ending": ended.wait}
        thread = threading.Thread(target=serve.serve, args=(made, own), kwargs=words)
        thread.start()
        try:
            address = known.address.rstrip("/").replace("0.0.0.0", "127.0.0.1")
            yield Served(address, made.state.studio)
        finally:
            ended.set()
            thread.join()
