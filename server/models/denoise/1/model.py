"""Denoise: Intel Open Image Denoise, filter RT, HDR, guides prefiltered.

Settings as measured in the README: albedo and normal are cleaned by a filter of their own at fast
quality, and then declared clean; the beauty is filtered once. The frame is never tiled here: the
filter bounds its own memory without changing the picture.
"""

import numpy as np
import pyoidn as oidn

import answerprint_model

QUALITY = {
    "fast": oidn.OIDN_QUALITY_FAST,
    "balanced": oidn.OIDN_QUALITY_BALANCED,
    "high": oidn.OIDN_QUALITY_HIGH,
}


class TritonPythonModel(answerprint_model.ImageModel):
    def load(self):
        self.device = oidn.Device(oidn.OIDN_DEVICE_TYPE_CPU)
        self.device.commit()
        self._raise_error()

    def run(self, images, settings):
        check(images)
        guides = {name: images[name] for name in ("albedo", "normal") if name in images}
        memory = settings["max_memory"]
        if settings["prefilter"]:
            guides = {
                name: self._filter({name: pixels}, "fast", memory)
                for name, pixels in guides.items()
            }
        clean = bool(guides) and settings["prefilter"]
        color = self._filter(
            {"color": images["color"], **guides}, settings["quality"], memory, hdr=True, clean=clean
        )
        if settings["strength"] < 1:  # at 1 the filter's own numbers, untouched by rounding
            color = images["color"] + np.float32(settings["strength"]) * (color - images["color"])
        return {"color": color}, {
            "device": answerprint_model.cpu_name(),
            "library": f"Open Image Denoise {oidn.version.oidn_version}",
        }

    def _filter(self, images, quality, memory, *, hdr=False, clean=False):
        """One pass; every image is (height, width, 3) float32 and stays alive until it is done."""
        output = np.zeros_like(next(iter(images.values())))
        one = oidn.Filter(self.device)
        try:
            for name, pixels in {**images, "output": output}.items():
                one.set_image(name, pixels, oidn.OIDN_FORMAT_FLOAT3)
            one.set_bool("hdr", hdr)
            one.set_bool("cleanAux", clean)
            one.set_quality(QUALITY[quality])
            if memory:
                one.set_int("maxMemoryMB", memory)
            one.commit()
            one.execute()
            self._raise_error()
        finally:
            one.release()
        return output

    def _raise_error(self):
        error = self.device.get_error()
        if error:
            raise RuntimeError(error)


def check(images):
    """OIDN reads raw memory: layout and size are held here, before it does."""
    if "color" not in images:
        raise answerprint_model.RefusedError("color is missing")
    if "normal" in images and "albedo" not in images:
        raise answerprint_model.RefusedError("normal is only used together with albedo")
    for name, pixels in images.items():
        if pixels.dtype != np.float32 or pixels.ndim != 3 or pixels.shape[2] != 3:
            raise answerprint_model.RefusedError(f"{name} is not (height, width, 3) float32")
        if pixels.shape != images["color"].shape:
            raise answerprint_model.RefusedError(f"{name} and color differ in size")
