"""Proof page: what came of golden cases as one HTML file with pictures of each difference.

The file asks nothing of any other: pictures are inside it, and there is no script.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from answerprint import documents, sheet
from answerprint.contract import Contract
from answerprint_server.proof import Proof

MOST_EDGE = 384  # pixels of a picture; a larger one is shown with pixels left out
LEAST_EDGE = 192  # a smaller one is enlarged
MOST_GAIN = 4096

_STYLE = """
body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem; background: #202123; color: #ececec }
table { border-collapse: collapse } td, th { padding: .2rem .9rem; text-align: left }
th { color: #96989c; font-weight: 500 } td.n { text-align: right; font-variant-numeric: tabular-nums }
tr.bad td:first-child { box-shadow: inset 3px 0 #e5484d } .bad b { color: #ff7b7f }
h2 { font-size: 1rem; margin: 2.2rem 0 .2rem } p { margin: .2rem 0; max-width: 70ch }
.faint { color: #96989c } figure { display: inline-block; margin: .6rem 1rem 0 0 }
img { image-rendering: pixelated; display: block; background: #000 } a { color: inherit }
"""


def write(path: Path, title: str, proofs: Sequence[Proof]) -> None:
    """Raises OSError: the file cannot be written."""
    documents.write_bytes(path, page(title, proofs).encode("utf-8"))


def page(title: str, proofs: Sequence[Proof]) -> str:
    bad = sum(not one.is_good for one in proofs)
    said = f"{bad} of {len(proofs)} failed" if bad else f"all {len(proofs)} are well"
    rows = "".join(_row(number, one) for number, one in enumerate(proofs))
    sections = "".join(_section(number, one) for number, one in enumerate(proofs))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{html.escape(title)}: {said}</h1>"
        "<table><tr><th>case</th><th>verdict</th><th>difference</th><th>tolerated</th>"
        f"<th>seconds</th><th>memory, MB</th></tr>{rows}</table>{sections}</body></html>\n"
    )


def _row(number: int, one: Proof) -> str:
    worst = "" if one.worst is None else f"{one.worst:.3g}"
    memory = "" if one.memory is None else f"{one.memory / 1e6:,.0f}"
    cells = (worst, f"{one.tolerance:g}", f"{one.seconds:.3f}", memory)
    return (
        f'<tr{"" if one.is_good else " class=bad"}><td><a href="#c{number}">'
        f"{html.escape(one.name)}</a></td><td><b>{one.verdict}</b></td>"
        + "".join(f"<td class=n>{cell}</td>" for cell in cells)
        + "</tr>"
    )


def _section(number: int, one: Proof) -> str:
    version = f", version {html.escape(one.version)}" if one.version else ""
    figures = "" if one.contract is None else "".join(_figures(one, one.contract))
    said = " ".join(filter(None, (one.problem, one.remedy)))
    return (
        f"<h2 id=c{number}>{html.escape(one.name)}{version}</h2>"
        f"<p class=faint>{html.escape(one.about)}</p><p>{html.escape(said)}</p>{figures}"
    )


def _figures(one: Proof, contract: Contract) -> Iterable[str]:
    """Expected, found, and their difference, of each output that can be looked at."""
    kinds = {output.name: output.encoding for output in contract.outputs}
    for name, found in one.found.items():
        if contract.kind == "points" or found.ndim < 3:
            continue
        wanted = one.wanted.get(name)
        low, high = _span(found if wanted is None else wanted)
        shown = [("found", _seen(found, kinds.get(name, "data"), low, high))]
        if wanted is not None:
            shown.insert(0, ("expected", _seen(wanted, kinds.get(name, "data"), low, high)))
        if wanted is not None and wanted.shape == found.shape:
            apart = np.abs(np.nan_to_num(found - wanted))
            gain = _gain(float(apart.max(initial=0)))
            shown.append((f"difference x {gain:g}", _seen(apart * gain, "data", 0, 1)))
        for words, picture in shown:
            yield (
                f'<figure><img alt="{html.escape(f"{name}, {words}")}" '
                f'src="data:image/png;base64,{_png(picture)}">'
                f"<figcaption>{html.escape(name)}: {words}</figcaption></figure>"
            )


def _gain(worst: float) -> float:
    """A power of two that brings the greatest difference near white."""
    if not worst > 0:
        return 1.0
    return float(2 ** np.clip(np.floor(np.log2(1 / worst) + 0.01), -12, np.log2(MOST_GAIN)))


def _span(array: NDArray[Any]) -> tuple[float, float]:
    held = array[np.isfinite(array)]
    low, high = (float(held.min()), float(held.max())) if held.size else (0.0, 1.0)
    return (low, high) if high > low else (low, low + 1)


def _seen(array: NDArray[Any], encoding: str, low: float, high: float) -> NDArray[np.uint8]:
    """As 8-bit RGB: linear light by the sRGB curve, numbers between their least and greatest."""
    plane = array[array.shape[0] // 2] if array.ndim == 4 else array  # the middle of a volume
    plane = np.nan_to_num(plane[..., :3].astype(np.float32))
    if encoding == "scene_linear":
        seen = sheet.display(plane)
    elif encoding == "data":
        seen = np.rint(np.clip((plane - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    else:
        seen = np.rint(np.clip(plane, 0, 1) * 255).astype(np.uint8)
    if seen.shape[-1] < 3:  # a matte is grey, a motion red and green
        more = seen if seen.shape[-1] == 1 else np.zeros_like(seen[..., :1])
        seen = np.concatenate([seen, *[more] * (3 - seen.shape[-1])], axis=-1)
    step = -(-max(seen.shape[:2]) // MOST_EDGE)
    seen = seen[::step, ::step]
    times = max(1, LEAST_EDGE // max(seen.shape[:2]))
    return np.ascontiguousarray(seen.repeat(times, axis=0).repeat(times, axis=1))


def _png(picture: NDArray[np.uint8]) -> str:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG", optimize=True)
    return base64.b64encode(stream.getvalue()).decode("ascii")
