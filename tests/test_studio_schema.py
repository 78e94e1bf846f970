"""The OpenAPI document: all that it allows is asked of the running service, and answered as it says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings as examples
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from studios import Served, served, settings

from answerprint.documents import write

IDENT = "ab" * 16
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("schema")
    private = folder / "takes" / "bg" / "v001" / ".take"
    private.mkdir(parents=True)
    write(private / "claim.json", {"uuid": IDENT, "user": "ada", "created": "", "machine": "vm"})
    with served(settings(folder / "takes", folder / "home")) as running:
        running.look()
        yield running


def test_whatever_the_document_allows_is_answered_as_it_says(studio: Served) -> None:
    document = schemathesis.openapi.from_url(f"{studio.address}/api/v1/openapi.json")
    held = document.exclude(path="/api/v1/events")  # which is answered for ever
    operations = [one.ok() for one in held.get_all_operations() if isinstance(one, Ok)]
    for operation in operations:
        many = 15 if operation.path == "/api/v1/takes" else 5  # which has most to choose from

        @examples(max_examples=many, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def asked(case: Case[Any]) -> None:
            if "ident" in case.path_parameters:
                case.path_parameters["ident"] = IDENT
            if case.query:  # one that is made up is refused, and hides all that the others ask for
                case.query.pop("cursor", None)
            case.call_and_validate(checks=CHECKS, timeout=60)

        asked()

    assert len(operations) >= 14


def test_the_document_names_every_path_that_the_page_uses(studio: Served) -> None:
    paths = set(studio.json("/openapi.json")["paths"])

    take = "/api/v1/takes/{ident}"
    assert {
        "/api/v1/me",
        "/api/v1/takes",
        take,
        f"{take}/qc",
        f"{take}/reviews",
        f"{take}/promote",
        f"{take}/thumbnail",
        f"{take}/frames/{{number}}/proxy",
        f"{take}/frames/{{number}}/pixel",
        "/api/v1/looks",
        "/api/v1/looks/lut",
        "/api/v1/events",
        "/api/v1/export/otio",
    } <= paths


def test_the_document_names_the_orders_and_groups_of_the_wall(studio: Served) -> None:
    named = studio.json("/openapi.json")["paths"]["/api/v1/takes"]["get"]["parameters"]
    words = {one["name"]: one["schema"].get("enum") for one in named}

    for name in ("sort", "group"):
        assert len(words[name]) > 3
        for word in words[name]:
            assert studio.json("/takes", **{name: word})["total"] == 1
