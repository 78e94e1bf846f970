"""Tensors: what Triton is told of a model's inputs and outputs, from its contract."""

from __future__ import annotations

from answerprint.contract import HALF, Contract, Input, Output

MARK = "# Written from contract.json by answerprint_server.repository; do not edit here."
AXES = {"image": 2, "points": 1, "volume": 3, "heightfield": 2}  # without channels


def configuration(found: Contract) -> str:
    """A whole config.pbtxt, but for the contract that it carries: one instance, on the CPU."""
    inputs = [line for one in found.inputs for line in _lines(found, one, "optional: true ")]
    inputs.append('{ name: "settings" data_type: TYPE_STRING dims: [ 1 ] optional: true }')
    outputs = [line for one in found.outputs for line in _lines(found, one, "")]
    outputs.append('{ name: "report" data_type: TYPE_STRING dims: [ 1 ] }')
    return "\n".join(
        [
            MARK,
            'backend: "python"',
            "max_batch_size: 0",
            f"input [\n  {_rows(inputs)}\n]",
            f"output [\n  {_rows(outputs)}\n]",
            "instance_group [ { kind: KIND_CPU count: 1 } ]",
        ]
    )


def _rows(lines: list[str]) -> str:
    return ",\n  ".join(lines)


def _lines(found: Contract, one: Input | Output, more: str) -> list[str]:
    sizes = [_channels(found, one)]
    sizes = [-1] * AXES[found.kind] + sizes
    if isinstance(one, Input) and found.cut.frames > 1:
        sizes = [found.cut.frames, *sizes]
    dims = ", ".join(map(str, sizes))
    types = [(one.name, "TYPE_FP32")] + [(one.name + HALF, "TYPE_FP16")] * one.half
    return [
        f'{{ name: "{name}" data_type: {kind} dims: [ {dims} ] {more}}}' for name, kind in types
    ]


def _channels(found: Contract, one: Input | Output) -> int:
    """How many there are; -1 where that depends on the plate."""
    if isinstance(one, Output) and one.replaces is None:
        return len(one.channels)
    source = one if isinstance(one, Input) else found.input(str(one.replaces))
    lengths = {len(names) for names in source.channels}
    return lengths.pop() if len(lengths) == 1 else -1
