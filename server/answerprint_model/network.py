"""Networks: ONNX graphs run on the CPU, out of a file or put together from a checkpoint's arrays."""

import os

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

__all__ = ["LIBRARY", "Network", "started"]

OPSET = 16  # the first with GridSample
LIBRARY = f"ONNX Runtime {onnxruntime.__version__}"


class Network:
    """Nodes and constants as they are added; `add` returns the name of what a node makes."""

    def __init__(self, weights):
        self.weights, self.nodes, self.constants = weights, [], {}

    def add(self, kind, inputs, *, out=None, **attributes):
        out = out or f"{kind.lower()} {len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [out], **attributes))
        return out

    def constant(self, name, array):
        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(array), name)
        return name

    def number(self, value):
        return self.constant(f"number {value}", np.array(value, np.float32))

    def weight(self, name):
        return self.constant(name, self.weights[name])

    def session(self, inputs, outputs):
        """The network ready to run. Both are {name: shape}; a word in a shape is any size."""
        body = helper.make_graph(
            self.nodes,
            "network",
            [helper.make_tensor_value_info(*one) for one in typed(inputs)],
            [helper.make_tensor_value_info(*one) for one in typed(outputs)],
            list(self.constants.values()),
        )
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(body, opset_imports=[opset], ir_version=8)
        onnx.checker.check_model(model)
        return started(model.SerializeToString())


def started(graph):
    """A network ready to run, from the bytes of an ONNX graph or the path of its file."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = os.cpu_count() or 1
    # threads that wait busily would take the cores from the models beside this one
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    given = graph if isinstance(graph, bytes) else str(graph)
    return onnxruntime.InferenceSession(given, options, providers=["CPUExecutionProvider"])


def typed(tensors):
    return [(name, TensorProto.FLOAT, shape) for name, shape in tensors.items()]
