"""The network of RIFE (IFNet HD, version 3.9), put together from its checkpoint's arrays.

Four blocks from coarse to fine. Each sees both frames pulled towards the moment in between by the
motion known so far, and corrects that motion and the mask that says which frame to trust. The graph
ends there: the pictures are pulled outside of it, in scene-linear light.
"""

import numpy as np

from answerprint_model.network import Network

SCALES = {"block0": 8, "block1": 4, "block2": 2, "block3": 1}

# first, second   RGB in 0..1; height and width are multiples of 64
# grid, step      where a pixel lies, and how far it is to the next, in GridSample's -1..1
# flow            pixels x (right) and y (down) to the first frame, then to the second
# mask            the share of the first frame
INPUTS = {
    "first": [1, 3, "h", "w"],
    "second": [1, 3, "h", "w"],
    "time": [1, 1, "h", "w"],
    "grid": [1, "h", "w", 2],
    "step": [1, 1, 1, 2],
}
OUTPUTS = {"flow": [1, 4, "h", "w"], "mask": [1, 1, "h", "w"]}


class Motion:
    """Finds the motion around a moment between two frames."""

    def __init__(self, weights):
        """`weights` are the arrays of the checkpoint, by their names."""
        self.session = _network(weights).session(INPUTS, OUTPUTS)

    def between(self, guide, time):
        """For (2, height, width, RGB): (height, width, 4) flow, and what to pull."""
        height, width = guide.shape[1:3]
        first, second = np.ascontiguousarray(guide.transpose(0, 3, 1, 2))
        moment = np.full((1, 1, height, width), time, np.float32)
        images = {"first": first[None], "second": second[None], "time": moment}
        flow, mask = self.session.run(list(OUTPUTS), {**images, **_grid(height, width)})
        flow, mask = flow[0].transpose(1, 2, 0), mask[0].transpose(1, 2, 0)
        return flow, [(0, flow[..., :2], mask), (1, flow[..., 2:], 1 - mask)]


def _grid(height, width):
    xs = np.linspace(-1, 1, width, dtype=np.float32)
    ys = np.linspace(-1, 1, height, dtype=np.float32)
    step = np.array([2 / (width - 1), 2 / (height - 1)], np.float32)
    return {"grid": np.stack(np.meshgrid(xs, ys), axis=-1)[None], "step": step.reshape(1, 1, 1, 2)}


def _network(weights):
    net = Network({name.removeprefix("module."): array for name, array in weights.items()})
    flow = mask = None
    first, second = "first", "second"
    for block, scale in SCALES.items():
        seen = [first, second, "time"] + ([mask] if mask else [])
        more_flow, more_mask = _block(net, block, seen, flow, scale)
        flow = net.add("Add", [flow, more_flow]) if flow else more_flow
        mask = net.add("Add", [mask, more_mask]) if mask else more_mask
        if block != "block3":
            first = _pulled(net, "first", _channels(net, flow, 0, 2))
            second = _pulled(net, "second", _channels(net, flow, 2, 4))
    net.add("Identity", [flow], out="flow")
    net.add("Sigmoid", [mask], out="mask")
    return net


def _block(net, name, seen, flow, scale):
    """What one block adds to flow and mask. It works on pictures smaller by `scale`."""
    image = _resized(net, net.add("Concat", seen, axis=1), 1 / scale)
    if flow:
        smaller = net.add("Mul", [_resized(net, flow, 1 / scale), net.number(1 / scale)])
        image = net.add("Concat", [image, smaller], axis=1)
    image = _conv(net, f"{name}.conv0.0", image, 2)
    image = _conv(net, f"{name}.conv0.1", image, 2)
    deep = image
    for index in range(8):
        deep = _conv(net, f"{name}.convblock.{index}", deep, 1)
    weights = [net.weight(f"{name}.lastconv.{one}") for one in ("weight", "bias")]
    made = net.add(
        "ConvTranspose",
        [net.add("Add", [deep, image]), *weights],
        kernel_shape=[4, 4],
        strides=[2, 2],
        pads=[1] * 4,
    )
    made = _resized(net, made, scale * 2)
    more = net.add("Mul", [_channels(net, made, 0, 4), net.number(scale * 2)])
    return more, _channels(net, made, 4, 5)


def _conv(net, name, image, stride):
    weights = [net.weight(f"{name}.0.{one}") for one in ("weight", "bias")]
    made = net.add(
        "Conv", [image, *weights], kernel_shape=[3, 3], strides=[stride] * 2, pads=[1] * 4
    )
    slope = net.weights[f"{name}.1.weight"].reshape(-1, 1, 1)
    return net.add("PRelu", [made, net.constant(f"{name}.1.weight", slope)])


def _pulled(net, image, flow):
    """The image read at each pixel plus its flow; what lies outside is as the edge."""
    steps = net.add("Mul", [net.add("Transpose", [flow], perm=[0, 2, 3, 1]), "step"])
    return net.add(
        "GridSample",
        [image, net.add("Add", ["grid", steps])],
        mode="bilinear",
        padding_mode="border",
        align_corners=1,
    )


def _channels(net, image, begin, end):
    bounds = [net.constant(f"index {one}", np.array([one], np.int64)) for one in (begin, end, 1)]
    return net.add("Slice", [image, *bounds])


def _resized(net, image, factor):
    if factor == 1:
        return image
    scales = net.constant(f"scales {factor}", np.array([1, 1, factor, factor], np.float32))
    return net.add(
        "Resize",
        [image, "", scales],
        mode="linear",
        coordinate_transformation_mode="half_pixel",
    )
