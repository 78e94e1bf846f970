# /// script
# requires-python = ">=3.10"
# dependencies = ["numpy>=1.24", "onnx>=1.16", "scipy>=1.11", "torch>=2.2"]
# ///
"""Train the network of volume_upres on procedural smoke, and write model.onnx.

    python train.py model.onnx

Everything comes from seeds: no data is read. On two cores it takes about a quarter of an hour.
Another machine, or number of threads, comes to another network of the same worth.
"""

import argparse
import pathlib
import sys
import time

import numpy as np
import onnx
import smoke
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "answerprint_model"))
import cubic

CHANNELS, DEEP, SLOPE = 16, 4, 0.1
REACH = DEEP + 2  # voxels around one that its result depends on
SIZE, OF_EACH_KIND = 48, 10  # voxels of a volume's side, and volumes
BATCH, RATE, RIM = 4, 4e-3, 3


class Network(nn.Module):
    """Low volume in, what each of its voxels' eight children differ from tricubic out.

    Nothing is added anywhere, so a volume of twice the values gives twice the result; the first
    layer's kernels sum to zero, so one that lies higher gives the same; the eight sum to zero.
    """

    def __init__(self):
        super().__init__()
        shapes = [(1, CHANNELS), *[(CHANNELS, CHANNELS)] * DEEP, (CHANNELS, 8)]
        self.layers = nn.ModuleList(nn.Conv3d(*shape, 3, padding=1, bias=False) for shape in shapes)

    def kernels(self):
        kernels = [one.weight for one in self.layers]
        first, last = kernels[0], kernels[-1]
        kernels[0] = first - first.mean(dim=(2, 3, 4), keepdim=True)
        kernels[-1] = last - last.mean(dim=0, keepdim=True)
        return kernels

    def forward(self, low):
        first, *deep, last = self.kernels()
        found = bend(nn.functional.conv3d(low, first, padding=1))
        for index in range(0, DEEP, 2):
            turned = bend(nn.functional.conv3d(found, deep[index], padding=1))
            found = bend(found + nn.functional.conv3d(turned, deep[index + 1], padding=1))
        return nn.functional.conv3d(found, last, padding=1)


def bend(volume):
    return nn.functional.leaky_relu(volume, SLOPE)


def volumes(seeds):
    """[(low, what is left of the high one over tricubic with kept means)] of each kind and seed."""
    pairs = []
    for seed in seeds:
        for kind in smoke.LEARNT:
            high = smoke.made(kind, seed, SIZE)
            low = smoke.averaged(high)
            base = cubic.shifted_to(cubic.enlarged(np.pad(low, 2, mode="edge"), 3), low, 3)
            pairs.append((low, high - base))
    return pairs


def children(volume):
    """(z, y, x) with twice the voxels as (8, z, y, x)."""
    z, y, x = (side // 2 for side in volume.shape)
    split = volume.reshape(z, 2, y, 2, x, 2).transpose(1, 3, 5, 0, 2, 4)
    return split.reshape(8, z, y, x)


def turned(pair, rng):
    """Both turned and mirrored alike, in one of 48 ways."""
    order, sides = rng.permutation(3), tuple(slice(None, None, s) for s in rng.choice((1, -1), 3))
    return tuple(one.transpose(order)[sides] for one in pair)


def train(pairs, steps):
    torch.manual_seed(6)
    rng = np.random.default_rng(6)
    network = Network()
    with torch.no_grad():
        network.layers[-1].weight *= 0.1
    optimiser = torch.optim.Adam(network.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, steps, pct_start=0.1)
    inner = (..., *[slice(RIM, -RIM)] * 3)
    began, said = time.time(), []
    for step in range(steps):
        chosen = [turned(pairs[rng.integers(len(pairs))], rng) for _ in range(BATCH)]
        low = torch.from_numpy(np.stack([low[None] for low, _ in chosen]).astype(np.float32))
        left = torch.from_numpy(np.stack([children(high) for _, high in chosen]).astype(np.float32))
        # each volume counts alike: the squares that are left in parts of what tricubic left
        error = (network(low) - left)[inner].square().mean(dim=(1, 2, 3, 4))
        loss = (error / left[inner].square().mean(dim=(1, 2, 3, 4))).log().mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        said.append(-10 / np.log(10) * loss.item())
        if step % 50 == 49:
            print(
                f"step {step + 1}: {np.mean(said[-50:]):.2f} dB, {time.time() - began:.0f} s",
                flush=True,
            )
    return network


def export(network, path):
    """As an ONNX graph of convolutions, with any size of volume."""
    nodes, constants = [], []

    def conv(source, kernel):
        name = f"kernel {len(constants)}"
        constants.append(numpy_helper.from_array(kernel.detach().numpy(), name))
        return add("Conv", [source, name], kernel_shape=[3, 3, 3], pads=[1] * 6)

    def add(kind, sources, **attributes):
        nodes.append(helper.make_node(kind, sources, [f"{kind} {len(nodes)}"], **attributes))
        return nodes[-1].output[0]

    first, *deep, last = network.kernels()
    found = add("LeakyRelu", [conv("low", first)], alpha=SLOPE)
    for index in range(0, DEEP, 2):
        bent = add("LeakyRelu", [conv(found, deep[index])], alpha=SLOPE)
        both = add("Add", [found, conv(bent, deep[index + 1])])
        found = add("LeakyRelu", [both], alpha=SLOPE)
    conv(found, last)
    nodes[-1].output[0] = "children"
    tensors = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, count, "z", "y", "x"])]
        for name, count in (("low", 1), ("children", 8))
    ]
    graph = helper.make_graph(nodes, "volume_upres", *tensors, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8)
    model.producer_name, model.doc_string = "Answerprint", "Apache-2.0; see README.md beside it"
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=pathlib.Path, metavar="model.onnx")
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    pairs = volumes(range(OF_EACH_KIND))
    print(f"{len(pairs)} volumes", flush=True)
    export(train(pairs, asked.steps), asked.model)


if __name__ == "__main__":
    main()
