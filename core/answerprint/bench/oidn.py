"""The plain loop: Open Image Denoise in one process, frame by frame, no server and no record.

    python -m answerprint.bench.oidn PLATE OUT FRAME ...

prints the milliseconds that all frames took, once the library was ready. Settings as in the
denoise model: albedo and normal cleaned first at fast quality, then the beauty at high.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyoidn

from answerprint.bench import bare

LAYERS = {"color": "RGB", "albedo": ("albedo.R", "albedo.G", "albedo.B"),
          "normal": ("normal.X", "normal.Y", "normal.Z")}  # fmt: skip


def main(words: list[str]) -> None:
    plate, out, *numbers = words
    device = pyoidn.Device(pyoidn.OIDN_DEVICE_TYPE_CPU)
    device.commit()
    start = time.perf_counter()
    for number in numbers:
        name = Path(plate).name.replace("####", number)
        _frame(device, Path(plate).with_name(name), Path(out) / name)
    sys.stdout.write(f"{(time.perf_counter() - start) * 1000}\n")


def _frame(device: Any, source: Path, target: Path) -> None:
    header, channels = bare.read_layers(source)
    images = {
        name: np.stack([channels[one] for one in names], axis=-1).astype(np.float32)
        for name, names in LAYERS.items()
    }
    guides = {
        name: _filter(device, {name: images[name]}, pyoidn.OIDN_QUALITY_FAST)
        for name in ("albedo", "normal")
    }
    clean = _filter(
        device, {"color": images["color"], **guides}, pyoidn.OIDN_QUALITY_HIGH, beauty=True
    )
    for index, name in enumerate(LAYERS["color"]):
        channels[name] = np.ascontiguousarray(clean[..., index].astype(np.float16))
    bare.write_layers(target, header, channels)


def _filter(device: Any, images: dict[str, Any], quality: int, *, beauty: bool = False) -> Any:
    output = np.zeros_like(next(iter(images.values())))
    one = pyoidn.Filter(device)
    for name, pixels in {**images, "output": output}.items():
        one.set_image(name, pixels, pyoidn.OIDN_FORMAT_FLOAT3)
    one.set_bool("hdr", beauty)
    one.set_bool("cleanAux", beauty)
    one.set_quality(quality)
    one.commit()
    one.execute()
    one.release()
    return output


if __name__ == "__main__":
    main(sys.argv[1:])
