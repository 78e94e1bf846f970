"""Whether Triton works: it is given a picture of one pixel, and has to give it back.

    python3 healthcheck.py [--alive] [--port 8000] [--model passthrough] [--seconds 5]

Inside the container, over loopback; needs nothing but Python. /v2/health/ready stays as it is when the
process of a model is dead and every call of it fails, so that says nothing. Exit status 0: it works.
1: it does not, and one line says why. 2: wrong arguments.

With --alive it is asked whether a restart would help: a server that is slow is left alone, one that does
not answer at all, or answers that its model is dead, is not.
"""

# ruff: noqa: INP001 - a container runs it by its path

import argparse
import http.client
import json
import math
import sys

PIXEL = [0.25, 0.5, 1.0]  # exact in every float format
MOST_BYTES = 64 << 10


class BadHealthError(Exception):
    """A sentence for the log of whoever runs the check."""


def check(port: int, model: str, seconds: float, *, alive: bool) -> None:
    """Raises BadHealthError. With `alive`, a model that takes longer is no reason for it."""
    try:
        status, _ = _ask(port, seconds, "GET", "/v2/health/live")
    except TimeoutError:
        raise BadHealthError(f"no word within {seconds:g} s of whether it is live") from None
    if status != http.client.OK:
        raise BadHealthError(f"it says that it is not live: {status}")
    try:
        status, said = _ask(port, seconds, "POST", f"/v2/models/{model}/infer", _request())
    except TimeoutError:
        if alive:
            return
        raise BadHealthError(f"{model} did not answer within {seconds:g} s") from None
    if status != http.client.OK:
        raise BadHealthError(f"{model} answered {status}: {said[:200].decode('utf-8', 'replace')}")
    if _pixel(said) != PIXEL:
        raise BadHealthError(f"{model} answered, and the pixel is not the one that was sent")


def _request() -> bytes:
    pixel = {"name": "pixels", "shape": [1, 1, 3], "datatype": "FP32", "data": PIXEL}
    return json.dumps({"inputs": [pixel], "outputs": [{"name": "pixels"}]}).encode("ascii")


def _pixel(said: bytes) -> object:
    """The answer's samples; None of what is no answer."""
    try:
        return json.loads(said)["outputs"][0]["data"]
    except (ValueError, LookupError, TypeError):
        return None


def _ask(
    port: int, seconds: float, verb: str, path: str, body: "bytes | None" = None
) -> "tuple[int, bytes]":
    """Raises BadHealthError: nobody is there; TimeoutError."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request(verb, path, body, {"Connection": "close"})
        answer = connection.getresponse()
        return answer.status, answer.read(MOST_BYTES)
    except TimeoutError:
        raise
    except (OSError, http.client.HTTPException) as error:
        raise BadHealthError(f"no server at 127.0.0.1:{port}: {error}") from None
    finally:
        connection.close()


def _seconds(word: str) -> float:
    """Raises ValueError: it is no length of time."""
    seconds = float(word)
    if not (math.isfinite(seconds) and seconds > 0):
        raise ValueError(word)
    return seconds


def main() -> int:
    parser = argparse.ArgumentParser(prog="healthcheck", description="Whether Triton works.")
    parser.add_argument("--alive", action="store_true", help="a slow one is well")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--model", default="passthrough")
    parser.add_argument("--seconds", type=_seconds, default=5.0)
    asked = parser.parse_args()
    try:
        check(asked.port, asked.model, asked.seconds, alive=asked.alive)
    except BadHealthError as error:
        sys.stderr.write(f"Triton is not well: {error}.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
