"""Configured: a config.pbtxt read by Triton's own schema, and held against the model's contract."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

from answerprint.contract import Contract
from answerprint_server import tensors


class NoConfiguration(ValueError):  # noqa: N818 - said as what it is
    """It is none that Triton reads; `line` says where, 0: nowhere."""

    def __init__(self, why: str, line: int) -> None:
        super().__init__(why)
        self.line = line


def read(text: str) -> Any:
    """The configuration as a protobuf ModelConfig. Raises NoConfiguration."""
    try:
        return text_format.Parse(text, model_config_pb2.ModelConfig())
    except text_format.ParseError as error:
        why = str(error).partition(" : ")[2] or str(error)
        raise NoConfiguration(why.rstrip("."), error.GetLine() or 0) from error


def strange(config: Any, folder: str, contract: Contract) -> Iterator[tuple[str, str]]:
    """(field, what is wrong with it) of a configuration that was read."""
    if config.name not in ("", folder):
        yield "name", f"it is '{config.name}', and the folder is {folder}"
    if not config.backend and not config.platform:
        yield "backend", "it names none"
    if config.max_batch_size:
        yield "max_batch_size", f"it is {config.max_batch_size}; frames go one by one, so it is 0"
    wanted = read(tensors.configuration(contract))
    yield from _apart("input", config.input, wanted.input)
    yield from _apart("output", config.output, wanted.output)


def parameters(config: Any) -> dict[str, str]:
    """Its parameters: the contracts are among them."""
    return {key: value.string_value for key, value in config.parameters.items()}


def program_of(config: Any) -> str:
    """The file that each version folder has to hold; '' where it depends on more than this."""
    if config.default_model_filename:
        return str(config.default_model_filename)
    known = {"python": "model.py", "onnxruntime": "model.onnx", "tensorrt": "model.plan"}
    return known.get(config.backend, "")


def _apart(word: str, found: Any, wanted: Any) -> Iterator[tuple[str, str]]:
    """Where its tensors are not those that the contract means."""
    held, due = ({one.name: one for one in tensors_} for tensors_ in (found, wanted))
    for name in due.keys() - held.keys():
        yield word, f"it lacks {name}, which the contract has"
    for name in held.keys() - due.keys():
        yield f"{word} {name}", "the contract knows nothing of it"
    for name in held.keys() & due.keys():
        one, other = held[name], due[name]
        kinds = [model_config_pb2.DataType.Name(each.data_type) for each in (one, other)]
        if kinds[0] != kinds[1]:
            yield f"{word} {name}", f"it is {kinds[0]}; the contract means {kinds[1]}"
        elif not _fit(one.dims, other.dims):
            yield (
                f"{word} {name}",
                f"dims are {list(one.dims)}; the contract means {list(other.dims)}",
            )


def _fit(found: Any, wanted: Any) -> bool:
    """Whether two shapes can be the same; -1 is any size."""
    return len(found) == len(wanted) and all(
        -1 in pair or pair[0] == pair[1] for pair in zip(found, wanted, strict=True)
    )
