"""Write 1/model.onnx beside this file: an unsharp mask, as an example of a graph of your own.

picture (1, 3, height, width) and amount (1) in, sharper (1, 3, height, width) out; any size.
"""

import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

blur = np.outer([1, 2, 1], [1, 2, 1]).astype(np.float32) / 16
kernels = np.tile(blur, (3, 1, 1, 1))  # one for each channel
shape = [1, 3, "height", "width"]
nodes = [
    helper.make_node("Pad", ["picture", "rim"], ["wider"], mode="edge"),
    helper.make_node("Conv", ["wider", "kernels"], ["blurred"], group=3),
    helper.make_node("Sub", ["picture", "blurred"], ["edges"]),
    helper.make_node("Mul", ["edges", "amount"], ["more"]),
    helper.make_node("Add", ["picture", "more"], ["sharper"]),
]
graph = helper.make_graph(
    nodes,
    "sharpen",
    [
        helper.make_tensor_value_info("picture", TensorProto.FLOAT, shape),
        helper.make_tensor_value_info("amount", TensorProto.FLOAT, [1]),
    ],
    [helper.make_tensor_value_info("sharper", TensorProto.FLOAT, shape)],
    [
        numpy_helper.from_array(kernels, "kernels"),
        numpy_helper.from_array(np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64), "rim"),
    ],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8)
onnx.checker.check_model(model)
path = pathlib.Path(__file__).resolve().parent / "1" / "model.onnx"
path.write_bytes(model.SerializeToString())
print(f"{path.name}: {path.stat().st_size} bytes")
