"""Any ONNX graph as a task: what it takes and gives stands in the section `onnx` of contract.json."""

import pathlib

import numpy as np

import answerprint_model
from answerprint_model import network

HERE = pathlib.Path(__file__).parent
# What the letters of a layout are called here, by kind; N is always 1, and C may be left out of 1
LETTERS = {"image": "HWC", "points": "PC", "volume": "DHWC", "heightfield": "HWC"}
FIELDS = {"layout": str, "inputs": dict, "outputs": dict, "parameters": dict, "multiple": int}
TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}


class TritonPythonModel(answerprint_model.ImageModel):
    def load(self):
        self.about = self.contract.get("onnx", {})
        check_section(self.about, self.contract.get("parameters", []))
        self.letters = LETTERS[self.contract.get("kind", "image")]
        self.graph = network.started(HERE / "model.onnx")
        self.types = {one.name: one.type for one in self.graph.get_inputs()}
        self._check()

    def run(self, images, settings):
        sizes = {image.shape[:-1] for image in images.values()}
        if len(sizes) > 1 or not all(image.size for image in images.values()):
            raise answerprint_model.RefusedError("the inputs are empty, or differ in size")
        (size,) = sizes
        feed = {}
        for name, place in self.about["inputs"].items():
            values = padded(images[name], self.about.get("multiple", 1))
            feed[place["tensor"]] = self._typed(place, self._laid_out(scaled(values, place)))
        for name, tensor in self.about.get("parameters", {}).items():
            feed[tensor] = self._number(tensor, settings[name])
        wanted = list(self.about["outputs"])
        found = self.graph.run([self.about["outputs"][name]["tensor"] for name in wanted], feed)
        outputs = {}
        for name, tensor in zip(wanted, found, strict=True):
            values = unscaled(self._laid_back(tensor, name), self.about["outputs"][name])
            outputs[name] = cut_off(values, size, self.about.get("multiple", 1))
        return outputs, {"device": answerprint_model.cpu_name(), "library": network.LIBRARY}

    def _check(self):
        """Raises RuntimeError, which is what the server says of a model that it cannot load."""
        layout = self.about["layout"]
        if sorted(layout.replace("N", "", 1).replace("C", "")) != sorted(self.letters[:-1]):
            raise RuntimeError(
                f"layout {layout} is not made of N and the letters {self.letters} of its kind"
            )
        contract_names = {
            "inputs": {one["name"] for one in self.contract["inputs"]},
            "outputs": {one["name"] for one in self.contract["outputs"]},
        }
        given = {one.name for one in self.graph.get_outputs()}
        for section, known in (("inputs", set(self.types)), ("outputs", given)):
            if set(self.about[section]) != contract_names[section]:
                raise RuntimeError(f"onnx.{section} does not name what the contract's {section} do")
            for name, place in self.about[section].items():
                if place["tensor"] not in known:
                    raise RuntimeError(
                        f"model.onnx has no tensor {place['tensor']} for {name}; it has "
                        + ", ".join(sorted(known))
                    )
        fed = {one["tensor"] for one in self.about["inputs"].values()}
        fed |= set(self.about.get("parameters", {}).values())
        if fed - set(self.types):
            raise RuntimeError(
                f"model.onnx has no tensor {', '.join(sorted(fed - set(self.types)))}"
            )
        if fed != set(self.types):
            raise RuntimeError(f"nothing is given to {', '.join(sorted(set(self.types) - fed))}")
        for name, kind in self.types.items():
            if kind not in TYPES:
                raise RuntimeError(f"tensor {name} is {kind}, and has to be of floats")

    def _laid_out(self, values):
        """From the contract's axes, channels last, to the graph's."""
        layout = self.about["layout"]
        letters = self.letters
        if "C" not in layout:
            if values.shape[-1] != 1:
                raise answerprint_model.RefusedError("the graph takes one channel")
            values, letters = values[..., 0], letters[:-1]
        values = values.transpose([letters.index(one) for one in layout if one != "N"])
        return np.expand_dims(values, layout.index("N")) if "N" in layout else values

    def _laid_back(self, tensor, name):
        layout = self.about["layout"]
        if tensor.ndim != len(layout):
            raise RuntimeError(f"{name} came as {tensor.shape}, and its layout is {layout}")
        if "N" in layout:
            tensor = np.take(tensor, 0, axis=layout.index("N"))
            layout = layout.replace("N", "")
        if "C" not in layout:
            tensor, layout = tensor[..., None], layout + "C"
        return tensor.transpose([layout.index(one) for one in self.letters])

    def _typed(self, place, values):
        return np.ascontiguousarray(values, TYPES[self.types[place["tensor"]]])

    def _number(self, tensor, value):
        (shape,) = (one.shape for one in self.graph.get_inputs() if one.name == tensor)
        return np.full([1] * len(shape), value, TYPES[self.types[tensor]])


def check_section(about, parameters):
    """Raises RuntimeError: the section `onnx` is not as the README has it; says where, by its path."""
    check_fields(about)
    for section in ("inputs", "outputs"):
        for name, place in about[section].items():
            check_place(f"onnx.{section}.{name}", place)
    numbers = {one["name"] for one in parameters if one["type"] in ("int", "float", "bool")}
    for name in about.get("parameters", {}):
        if name not in numbers:
            raise RuntimeError(
                f"onnx.parameters.{name} is no parameter of the contract, or no number"
            )


def check_fields(about):
    for name in about:
        if name not in FIELDS:
            raise RuntimeError(f"onnx.{name} is no field; there are {', '.join(FIELDS)}")
    for name, kind in FIELDS.items():
        if name in ("layout", "inputs", "outputs") and not about.get(name):
            raise RuntimeError(f"onnx.{name} is missing")
        if name in about and type(about[name]) is not kind:
            raise RuntimeError(f"onnx.{name} is not of the kind that the README says")
    if about.get("multiple", 1) < 1:
        raise RuntimeError("onnx.multiple is below 1")


def check_place(where, place):
    if not isinstance(place, dict) or not {"tensor"} <= set(place) <= {"tensor", "scale", "offset"}:
        raise RuntimeError(f"{where} has a tensor, and may have scale and offset; nothing else")
    for name in ("scale", "offset"):
        value = place.get(name, 1)
        if type(value) not in (int, float) or (name == "scale" and not value):
            raise RuntimeError(
                f"{where}.{name} is {value!r}: no number that can be taken off again"
            )


def scaled(values, place):
    return values * np.float32(place.get("scale", 1)) + np.float32(place.get("offset", 0))


def unscaled(values, place):
    """The other way round: what the graph gives, with its offset and scale taken off again."""
    values = values.astype(np.float32, copy=False)
    return (values - np.float32(place.get("offset", 0))) / np.float32(place.get("scale", 1))


def padded(values, multiple):
    """Every axis but the channels up to a multiple, by what lies at the end."""
    more = [(0, -length % multiple) for length in values.shape[:-1]]
    return np.pad(values, [*more, (0, 0)], mode="edge") if any(one for _, one in more) else values


def cut_off(values, size, multiple):
    """Without what came of the padding, where the output is as large as the input or larger."""
    inside = []
    for made, length in zip(values.shape[:-1], size, strict=True):
        full = length + -length % multiple
        inside.append(slice(length * (made // full) if made % full == 0 else made))
    return np.ascontiguousarray(values[tuple(inside)], np.float32)
