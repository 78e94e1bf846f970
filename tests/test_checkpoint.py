"""Torch files are read without running anything in them; what is not a plain one is refused."""

from __future__ import annotations

import importlib.util
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray

PROJECT = Path(__file__).parents[1]


def module() -> Any:
    """By its path: the package around it needs what only Triton brings."""
    path = PROJECT / "server" / "answerprint_model" / "checkpoint.py"
    spec = importlib.util.spec_from_file_location("checkpoint", path)
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


checkpoint = module()

Arrays = dict[str, NDArray[Any]]
KINDS = {"<f4": "FloatStorage", "<f2": "HalfStorage", "<f8": "DoubleStorage", "<i8": "LongStorage"}
PROTO, STOP = b"\x80\x02", b"."
DICTIONARY = b"ccollections\nOrderedDict\n)R"


def text(words: str) -> bytes:
    raw = words.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def number(value: int) -> bytes:
    if 0 <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    raw = value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True)
    return b"\x8a" + bytes([len(raw)]) + raw


def numbers(values: tuple[int, ...]) -> bytes:
    return b"(" + b"".join(number(one) for one in values) + b"t"


def storage(key: str, count: int, kind: str = "FloatStorage", tail: bytes = b"") -> bytes:
    words = text("storage") + f"ctorch\n{kind}\n".encode() + text(key) + text("cpu")
    return b"(" + words + number(count) + tail + b"tQ"


def tensor(stored: bytes, shape: tuple[int, ...], steps: tuple[int, ...], offset: int = 0) -> bytes:
    """The call that would make an array, as torch writes it."""
    described = stored + number(offset) + numbers(shape) + numbers(steps)
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + described + b"\x89" + DICTIONARY + b"tR"


def dictionary(items: dict[str, bytes]) -> bytes:
    pairs = b"".join(text(name) + one for name, one in items.items())
    return PROTO + DICTIONARY + b"(" + pairs + b"u" + STOP


def steps_of(array: NDArray[Any]) -> tuple[int, ...]:
    return tuple(step // array.itemsize for step in array.strides)


def zipped(path: Path, pickled: bytes, blocks: dict[str, bytes], how: int = 0) -> Path:
    with zipfile.ZipFile(path, "w", how) as archive:
        archive.writestr("archive/data.pkl", pickled)
        for key, block in blocks.items():
            archive.writestr(f"archive/data/{key}", block)
    return path


def as_zip(path: Path, arrays: Arrays) -> Path:
    items = {
        name: tensor(storage(str(index), one.size, KINDS[one.dtype.str]), one.shape, steps_of(one))
        for index, (name, one) in enumerate(arrays.items())
    }
    blocks = {str(index): one.tobytes() for index, one in enumerate(arrays.values())}
    return zipped(path, dictionary(items), blocks)


FACTS = PROTO + b"}(" + text("little_endian") + b"\x88u" + STOP
MAGIC = PROTO + number(0x1950A86A20F9469CFC6C) + STOP


def as_row(path: Path, arrays: Arrays, facts: bytes = FACTS) -> Path:
    """The form from before the zip: five pickles, then count and numbers of each storage."""
    items = {
        name: tensor(
            storage(f"k{index}", one.size, KINDS[one.dtype.str], tail=b"N"),
            one.shape,
            steps_of(one),
        )
        for index, (name, one) in enumerate(arrays.items())
    }
    keys = b"".join(text(f"k{index}") for index in range(len(arrays)))
    head = MAGIC + PROTO + number(1001) + STOP + facts + dictionary(items)
    blocks = b"".join(struct.pack("<q", one.size) + one.tobytes() for one in arrays.values())
    path.write_bytes(head + PROTO + b"](" + keys + b"e" + STOP + blocks)
    return path


FORMS = {"zip": as_zip, "row": as_row}


def some() -> Arrays:
    random = np.random.default_rng(3)
    return {
        "conv.weight": random.normal(size=(4, 3, 3, 3)).astype("<f4"),
        "conv.bias": random.normal(size=4).astype("<f2"),
        "norm.count": np.array(17, "<i8"),
    }


@pytest.mark.parametrize("form", FORMS)
def test_arrays_come_back_as_they_were(tmp_path: Path, form: str) -> None:
    arrays = some()

    back = checkpoint.read(FORMS[form](tmp_path / "net.pth", arrays))

    assert list(back) == list(arrays)
    for name, array in arrays.items():
        assert (back[name].dtype, back[name].shape) == (array.dtype, array.shape)
        assert back[name].tobytes() == array.tobytes()


@settings(max_examples=60, deadline=None)
@given(
    shape=st.lists(st.integers(0, 5), max_size=4).map(tuple),
    kind=st.sampled_from(sorted(KINDS)),
    form=st.sampled_from(sorted(FORMS)),
)
def test_any_shape_and_kind_comes_back(
    tmp_path_factory: pytest.TempPathFactory, shape: tuple[int, ...], kind: str, form: str
) -> None:
    array = np.arange(np.prod(shape)).reshape(shape).astype(kind)
    path = tmp_path_factory.mktemp("any") / "net.pth"

    back = checkpoint.read(FORMS[form](path, {"a": array}))["a"]

    assert (back.dtype, back.shape, back.tobytes()) == (array.dtype, shape, array.tobytes())


def test_a_turned_array_and_one_inside_a_shared_storage(tmp_path: Path) -> None:
    """Torch saves views: here columns first, and the last two numbers of the same storage."""
    shared = storage("0", 6)
    pickled = dictionary(
        {"turned": tensor(shared, (3, 2), (1, 3)), "end": tensor(shared, (2,), (1,), 4)}
    )
    block = np.arange(6, dtype="<f4").tobytes()

    back = checkpoint.read(zipped(tmp_path / "net.pth", pickled, {"0": block}))

    assert back["turned"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert back["end"].tolist() == [4, 5]


def ran(tmp_path: Path) -> bytes:
    """What os.system would be asked to do, so that a test sees whether it was."""
    return text(f"touch {tmp_path / 'ran'}")


def hostile(tmp_path: Path) -> dict[str, bytes]:
    asked = ran(tmp_path)
    item = tensor(storage("0", 1), (1,), (1,))
    return {
        "reduce": PROTO + b"cos\nsystem\n(" + asked + b"tR" + STOP,
        "posix": PROTO + b"cposix\nsystem\n(" + asked + b"tR" + STOP,
        "builtins": PROTO + b"cbuiltins\neval\n(" + text("1") + b"tR" + STOP,
        "old style": b"(S'true'\nios\nsystem\n.",
        "stack global": b"\x80\x04" + text("os") + text("system") + b"\x93(" + asked + b"tR.",
        "new object": PROTO + b"ccollections\nOrderedDict\n)\x81" + STOP,
        "object": PROTO + b"(cos\nsystem\n" + asked + b"o" + STOP,
        "extension": PROTO + b"\x82\x01" + STOP,
        "inside": PROTO + DICTIONARY + b"(" + text("a") + b"cos\nsystem\n(" + asked + b"tRu" + STOP,
        "dictionary of something": PROTO + b"ccollections\nOrderedDict\n(" + asked + b"tR" + STOP,
        "a storage called": PROTO + b"ctorch\nFloatStorage\n(" + number(8) + b"tR" + STOP,
        "after the arrays": dictionary({"a": item})[:-1] + b"cos\nsystem\n(" + asked + b"tR" + STOP,
        "built": dictionary({"a": item})[:-1] + b"cos\nsystem\nb" + STOP,
        "frame": b"\x80\x04\x95" + struct.pack("<Q", 2**40) + b"N.",
        "text without end": PROTO + b"X" + struct.pack("<I", 2**31) + b"a.",
        "nothing on the stack": PROTO + b"R" + STOP,
        "a mark too few": PROTO + b"tu" + STOP,
        "memory that is empty": PROTO + b"h\x07" + STOP,
        "a tuple as name": PROTO + DICTIONARY + b"(" + b")" + item + b"u" + STOP,
        "a number for an array": PROTO + DICTIONARY + b"(" + text("a") + number(5) + b"u" + STOP,
        "a list": PROTO + b"](" + item + b"e" + STOP,
        "no arrays": PROTO + DICTIONARY + STOP,
        "two values": PROTO + b"NN" + STOP,
        "no stop": PROTO + b"N",
        "nothing": b"",
    }


@pytest.mark.parametrize("form", ["zip", "row"])
@pytest.mark.parametrize("case", hostile(Path()))
def test_what_is_no_dictionary_of_arrays_is_refused_and_nothing_runs(
    tmp_path: Path, case: str, form: str
) -> None:
    pickled = hostile(tmp_path)[case]
    path = tmp_path / "net.pth"
    if form == "zip":
        zipped(path, pickled, {"0": bytes(4)})
    else:
        path.write_bytes(MAGIC + PROTO + number(1001) + STOP + FACTS + pickled)

    assert_refused(path)
    assert not (tmp_path / "ran").exists()


def assert_refused(path: Path) -> str:
    with pytest.raises(checkpoint.CheckpointError) as caught:
        checkpoint.read(path)
    said = str(caught.value)
    assert said.startswith(path.name)
    assert "\n" not in said
    assert len(said) < 250
    return said


WRONG_ARRAYS = {
    "beyond its storage": tensor(storage("0", 6), (7,), (1,)),
    "begins beyond": tensor(storage("0", 6), (1,), (1,), 6),
    "steps beyond": tensor(storage("0", 6), (2, 2), (5, 1)),
    "one number made into many": tensor(storage("0", 6), (2**20, 2**10), (0, 0)),
    "steps back": tensor(storage("0", 6), (2,), (-1,), 5),
    "less than nothing": tensor(storage("0", 6), (-1, -6), (1, 1)),
    "shape and steps": tensor(storage("0", 6), (2, 3), (1,)),
    "too many dimensions": tensor(storage("0", 6), (1,) * 9, (1,) * 9),
    "huge": tensor(storage("0", 2**29), (2**29,), (1,)),
    "beyond 64 bits": tensor(storage("0", 2**70), (2**70,), (1,)),
    "another count than the file": tensor(storage("0", 5), (5,), (1,)),
    "not there": tensor(storage("1", 6), (6,), (1,)),
    "outside": tensor(storage("../data.pkl", 6), (6,), (1,)),
    "an unknown kind": tensor(storage("0", 6, "QUInt8Storage"), (6,), (1,)),
    "another kind than the bytes": tensor(storage("0", 6, "DoubleStorage"), (6,), (1,)),
}


@pytest.mark.parametrize("case", WRONG_ARRAYS)
def test_an_array_that_its_storage_does_not_hold_is_refused(tmp_path: Path, case: str) -> None:
    pickled = dictionary({"a": WRONG_ARRAYS[case]})

    assert_refused(zipped(tmp_path / "net.pth", pickled, {"0": bytes(24)}))


def test_many_arrays_out_of_one_storage_do_not_fill_the_memory(tmp_path: Path) -> None:
    """A storage of 16 MiB named a hundred times: 1.6 GiB out of a small file."""
    stored = storage("0", 2**22)
    items = {str(index): tensor(stored, (2**22,), (1,)) for index in range(100)}

    said = assert_refused(zipped(tmp_path / "net.pth", dictionary(items), {"0": bytes(2**24)}))

    assert "1 GiB" in said


def test_a_compressed_zip_is_refused_before_it_unfolds(tmp_path: Path) -> None:
    pickled = dictionary({"a": tensor(storage("0", 2**20), (2**20,), (1,))})

    said = assert_refused(
        zipped(tmp_path / "net.pth", pickled, {"0": bytes(2**22)}, zipfile.ZIP_DEFLATED)
    )

    assert "uncompressed" in said


def test_a_description_without_end_is_refused(tmp_path: Path) -> None:
    said = assert_refused(zipped(tmp_path / "net.pth", PROTO + b"N" * (9 << 20), {}))

    assert "at most fit" in said


def test_big_endian_numbers_are_refused(tmp_path: Path) -> None:
    facts = FACTS.replace(b"\x88", b"\x89")

    assert "big-endian" in assert_refused(as_row(tmp_path / "net.pth", some(), facts))


def test_a_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"PK", b"PK\x03\x04" + bytes(64), b"\x7fELF" + bytes(64), b"{}"):
        (tmp_path / "net.pth").write_bytes(content)

        assert_refused(tmp_path / "net.pth")


@pytest.mark.parametrize("form", FORMS)
def test_a_file_cut_off_anywhere_is_refused(tmp_path: Path, form: str) -> None:
    whole = FORMS[form](tmp_path / "whole.pth", some()).read_bytes()
    path = tmp_path / "net.pth"

    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        assert_refused(path)


@settings(max_examples=150, deadline=None)
@given(form=st.sampled_from(sorted(FORMS)), data=st.data())
def test_a_damaged_file_is_read_or_refused_and_never_fails_otherwise(
    tmp_path_factory: pytest.TempPathFactory, form: str, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "net.pth"
    blob = bytearray(FORMS[form](path, some()).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        blob[data.draw(st.integers(0, len(blob) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(blob)

    try:
        back = checkpoint.read(path)
    except checkpoint.CheckpointError:
        return
    assert sum(one.nbytes for one in back.values()) < 10_000
