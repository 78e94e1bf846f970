"""What goes into a mail to the pipeline team holds nothing that is secret."""

from __future__ import annotations

import pytest

from answerprint_panel.discreet import discreet


@pytest.mark.parametrize(
    "line",
    [
        "https://bob:hunter2@triton-01:8001/v2",
        "s3://hunter2@bucket/plate",
        "the password is hunter2",
        "passphrase=hunter2",
        "X-Api-Key: hunter2",
        "Authorization: Bearer hunter2",
        "authorization: Basic hunter2==",
        "token hunter2",
        "Cookie: sid=hunter2; other=hunter2",
        "AWS_ACCESS_KEY_ID=hunter2",
        "AWS_PROFILE = hunter2",
        "credential=hunter2",
        "{'token': 'hunter2 and hunter2'}",
        '"client_secret": "hunter2"',
        "--api-key hunter2",
        "db_pwd: hunter2",
        "private key => hunter2",
    ],
)
def test_a_secret_is_hidden(line: str) -> None:
    assert "hunter2" not in discreet(line)
    assert "***" in discreet(line)


def test_everything_else_stays() -> None:
    text = (
        "The server triton-01 at 127.0.0.1:8001 does not answer: /p/sh0120/bg.####.exr, 3 of 96.\n"
    )

    assert discreet(text) == text
