"""The network of EfficientNet-lite0, put together from its checkpoint's arrays.

Inverted bottlenecks: widen, look around in each channel by itself, narrow again. The lite family
has no squeeze-and-excite and bounds its activations at 6. Batch normalisation is folded into the
convolutions: at run time it is a factor and an offset for each channel.
"""

import numpy as np

from answerprint_model.network import Network

SIZE = 224
EPSILON = 1e-3  # of its batch normalisation
# how many blocks, the stride of the first, how much wider inside; kernels are the weights' own
STAGES = ((1, 1, 1), (2, 2, 6), (2, 2, 6), (3, 2, 6), (3, 1, 6), (4, 2, 6), (1, 1, 6))

INPUTS = {"image": [1, 3, SIZE, SIZE]}
OUTPUTS = {"features": [1, 1280]}


class Features:
    """Looks at a picture of 224x224 and says in 1280 numbers what is in it."""

    def __init__(self, weights):
        """`weights` are the arrays of the checkpoint, by their names."""
        self.session = _network(weights).session(INPUTS, OUTPUTS)

    def of(self, picture):
        """For (224, 224, RGB) in 0..1, display-encoded: 1280 numbers, none below 0."""
        centred = (picture * 255 - 127) / 128
        image = np.ascontiguousarray(centred.transpose(2, 0, 1)[None], np.float32)
        return self.session.run(None, {"image": image})[0][0]


def _network(weights):
    net = Network(weights)
    image = _conv(net, "image", "_conv_stem", "_bn0", stride=2)
    index = 0
    for count, stride, wider in STAGES:
        for place in range(count):
            block = f"_blocks.{index}"
            made = _block(net, image, block, wider, stride if place == 0 else 1)
            image = net.add("Add", [made, image]) if place else made
            index += 1
    image = _conv(net, image, "_conv_head", "_bn1")
    net.add("Flatten", [net.add("GlobalAveragePool", [image])], out="features")
    return net


def _block(net, image, name, wider, stride):
    if wider > 1:
        image = _conv(net, image, f"{name}._expand_conv", f"{name}._bn0")
    image = _conv(net, image, f"{name}._depthwise_conv", f"{name}._bn1", stride=stride)
    return _conv(net, image, f"{name}._project_conv", f"{name}._bn2", bounded=False)


def _conv(net, image, name, norm, *, stride=1, bounded=True):
    """A convolution with its normalisation in it, padded as TensorFlow's SAME does."""
    weights = net.weights[f"{name}.weight"]
    factor = net.weights[f"{norm}.weight"] / np.sqrt(net.weights[f"{norm}.running_var"] + EPSILON)
    offset = net.weights[f"{norm}.bias"] - net.weights[f"{norm}.running_mean"] * factor
    constants = [
        net.constant(f"{name}.weight", weights * factor.reshape(-1, 1, 1, 1)),
        net.constant(f"{name}.bias", offset),
    ]
    made = net.add(
        "Conv",
        [image, *constants],
        kernel_shape=list(weights.shape[2:]),
        strides=[stride] * 2,
        auto_pad="SAME_UPPER",
        group=weights.shape[0] if weights.shape[1] == 1 else 1,
    )
    return net.add("Clip", [made, net.number(0), net.number(6)]) if bounded else made
