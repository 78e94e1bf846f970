"""Checkpoints: the arrays in a torch file, read without torch and without running anything in it.

A torch file is a pickle that says where each array lies, and the arrays' bytes: since 2020 in an
uncompressed zip, before that one after the other in the file itself. Unpickling may run whatever the
file asks for, so it is not unpickled: the few instructions that a dictionary of arrays needs are
read one by one here. A name stands for itself and is never imported; all else is refused.
"""

import io
import math
import pickletools
import struct
import zipfile

import numpy as np

__all__ = ["CheckpointError", "read"]

MOST_BYTES = 1 << 30
MOST_PICKLE_BYTES = 8 << 20  # 300 arrays take 50 kB
MOST_DIMENSIONS = 8
MAGIC = 0x1950A86A20F9469CFC6C  # the first value in a file from before the zip
DTYPES = {
    "torch DoubleStorage": "<f8",
    "torch FloatStorage": "<f4",
    "torch HalfStorage": "<f2",
    "torch LongStorage": "<i8",
    "torch IntStorage": "<i4",
    "torch ByteStorage": "u1",
    "torch BoolStorage": "?",
}
# all that zipfile was seen to say of a damaged file
DAMAGED = (
    zipfile.BadZipFile,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    LookupError,
    struct.error,
)
DICTIONARY, TENSOR = "collections OrderedDict", "torch._utils _rebuild_tensor_v2"


class CheckpointError(Exception):
    """The file is not a plain dictionary of arrays; its sentence says why."""


class Name(str):
    """What a pickle would have imported."""

    __slots__ = ()


class Storage:
    """A block of numbers that arrays are views of."""

    def __init__(self, said):
        kind, dtype, key, _device, count = said[:5]
        if kind != "storage" or dtype not in DTYPES or not is_count(count):
            raise CheckpointError("an array's storage is of a kind that is not known")
        if not isinstance(key, str):
            raise CheckpointError("an array's storage has no name")
        self.key, self.dtype, self.count = key, np.dtype(DTYPES[dtype]), count
        if count * self.dtype.itemsize > MOST_BYTES:
            raise CheckpointError(f"an array of {count} numbers is larger than 1 GiB")


class View:
    """An array before its bytes are known: where in its storage it begins, and its steps."""

    def __init__(self, said):
        self.storage, self.offset, self.shape, self.steps = said[:4]
        numbers = (self.offset, *self.shape, *self.steps)
        if not isinstance(self.storage, Storage) or not all(is_count(one) for one in numbers):
            raise CheckpointError("an array is not described as torch does it")
        if len(self.shape) != len(self.steps) or len(self.shape) > MOST_DIMENSIONS:
            raise CheckpointError("an array's shape and steps do not agree")
        last = sum((size - 1) * step for size, step in zip(self.shape, self.steps, strict=True))
        count = math.prod(self.shape)
        # no more numbers than the storage has: a step of 0 would make any amount out of one
        if count > self.storage.count or (count and self.offset + last >= self.storage.count):
            raise CheckpointError("an array reaches beyond its storage")

    def array(self, block):
        """A copy in order, so that nothing keeps the file's bytes alive."""
        strides = [step * block.itemsize for step in self.steps]
        if not math.prod(self.shape):
            return np.zeros(self.shape, block.dtype)
        view = np.lib.stride_tricks.as_strided(block[self.offset :], self.shape, strides)
        return np.array(view, order="C")


def read(path):
    """{name: array} of a torch file that holds a dictionary of arrays.

    Raises:
        CheckpointError: it is cut off, too large, or holds anything but arrays.
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise CheckpointError(f"{path.name} is {size} bytes, and at most 1 GiB is read")
    blob = path.read_bytes()
    try:
        return from_zip(blob) if blob.startswith(b"PK") else from_row(blob)
    except CheckpointError as error:
        raise CheckpointError(f"{path.name} is no checkpoint that can be read: {error}") from error


def from_zip(blob):
    try:
        archive = zipfile.ZipFile(io.BytesIO(blob))
        entries = {entry.filename: entry for entry in archive.infolist()}
        top = next((name for name in entries if name.endswith("/data.pkl")), "/")
        folder = top.rpartition("/")[0]

        def entry(name, most):
            found = entries.get(f"{folder}/{name}")
            # stored as it is: nothing can unfold to more than the file has
            if found is None or found.compress_type != zipfile.ZIP_STORED:
                raise CheckpointError(f"{name} is not there uncompressed")
            if found.file_size > most:
                raise CheckpointError(f"{name} is {found.file_size} bytes, {most} at most fit")
            return archive.read(found)

        if entries.get(f"{folder}/byteorder") and entry("byteorder", 16) != b"little":
            raise CheckpointError("its numbers are big-endian")
        views = arrays_of(value_of(io.BytesIO(entry("data.pkl", MOST_PICKLE_BYTES))))
        return joined(views, lambda one: entry(f"data/{one.key}", one.count * one.dtype.itemsize))
    except DAMAGED as error:
        raise CheckpointError("its zip is damaged") from error


def from_row(blob):
    """Magic, version, facts of the machine, arrays, their storages' order; then their numbers."""
    stream = io.BytesIO(blob)
    if value_of(stream) != MAGIC:
        raise CheckpointError("it is not a torch file")
    value_of(stream)
    facts = value_of(stream)
    if not isinstance(facts, dict) or facts.get("little_endian") is not True:
        raise CheckpointError("its numbers are big-endian")
    views = arrays_of(value_of(stream))
    order = value_of(stream)
    storages = {view.storage.key: view.storage for view in views.values()}
    if not isinstance(order, list) or set(map(str, order)) != set(storages):
        raise CheckpointError("its storages are not those that its arrays name")
    blocks = {}
    for key in map(str, order):
        count = int.from_bytes(stream.read(8), "little")
        if count != storages[key].count:
            raise CheckpointError("a storage has another size than its arrays say")
        blocks[key] = stream.read(count * storages[key].dtype.itemsize)
    return joined(views, lambda one: blocks[one.key])


def joined(views, numbers):
    """The arrays, each storage read once. All together stay below the limit."""
    total = sum(math.prod(view.shape) * view.storage.dtype.itemsize for view in views.values())
    if total > MOST_BYTES:
        raise CheckpointError("its arrays take more than 1 GiB")
    blocks = {}
    for view in views.values():
        one = view.storage
        if (one.key, one.dtype) not in blocks:
            blob = numbers(one)
            if len(blob) != one.count * one.dtype.itemsize:
                raise CheckpointError(f"storage {one.key} is cut off")
            blocks[one.key, one.dtype] = np.frombuffer(blob, one.dtype)
    return {
        name: view.array(blocks[view.storage.key, view.storage.dtype])
        for name, view in views.items()
    }


def arrays_of(value):
    if not isinstance(value, dict) or not value:
        raise CheckpointError("it holds no dictionary of arrays")
    for name, one in value.items():
        if not isinstance(name, str) or not isinstance(one, View):
            raise CheckpointError("it holds something else than arrays")
    return value


def is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_BYTES


def value_of(stream):
    """The one value of a pickle, with a Name or View for what it would have imported or called."""
    reader = Reader()
    start = stream.tell()
    try:
        for opcode, argument, position in pickletools.genops(stream):
            reader.step(opcode.name, argument, position - start)
        (value,) = reader.stack
    except CheckpointError:
        raise
    except (ValueError, TypeError, IndexError, KeyError, AttributeError) as error:
        raise CheckpointError("its description is damaged") from error
    return value


class Reader:
    """A pickle's stack and memory. An instruction that is not a method here is refused."""

    def __init__(self):
        self.stack, self.marks, self.memory = [], [], {}

    def step(self, name, argument, position):
        if position > MOST_PICKLE_BYTES:
            raise CheckpointError("its description is larger than 8 MiB")
        if name in PLAIN:
            self.stack.append(argument)
        elif name in CONSTANTS:
            self.stack.append(CONSTANTS[name]())
        elif name in TUPLES:
            self.stack.append(tuple(self.popped(TUPLES[name])))
        elif name in STEPS:
            STEPS[name](self, argument)
        else:
            raise CheckpointError(f"it asks for {name}, which no dictionary of arrays needs")

    def popped(self, count):
        if not 0 <= count <= len(self.stack):
            raise CheckpointError("its description is damaged")
        taken = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return taken

    def since_mark(self, _=None):
        return self.popped(len(self.stack) - self.marks.pop())

    def mark(self, _):
        self.marks.append(len(self.stack))

    def put(self, slot):
        self.memory[slot] = self.stack[-1]

    def get(self, slot):
        self.stack.append(self.memory[slot])

    def name(self, words):
        if words not in (DICTIONARY, TENSOR, *DTYPES):
            raise CheckpointError(
                f"it asks for {words[:60]!r}, which no dictionary of arrays needs"
            )
        self.stack.append(Name(words))

    def storage(self, _):
        self.stack.append(Storage(self.stack.pop()))

    def call(self, _):
        """Of what could be called, two things are known: an empty dictionary, and an array."""
        function, arguments = self.popped(2)
        if not isinstance(function, Name) or function not in (DICTIONARY, TENSOR):
            raise CheckpointError("it calls something that no dictionary of arrays needs")
        if function == TENSOR:
            self.stack.append(View(arguments))
        elif arguments == ():
            self.stack.append({})
        else:
            raise CheckpointError("it calls something that no dictionary of arrays needs")

    def attributes(self, _):
        """What torch hangs on the dictionary (versions of its layers) is not needed."""
        self.stack.pop()

    def extend(self, _):
        items = self.since_mark()
        self.top(list).extend(items)

    def item(self, _):
        self.fill(self.popped(2))

    def items(self, _):
        self.fill(self.since_mark())

    def fill(self, pairs):
        into = self.top(dict)
        for name, value in zip(pairs[::2], pairs[1::2], strict=True):
            if not isinstance(name, str):  # a tuple's hash would follow it to any depth
                raise CheckpointError("it holds something else than arrays")
            into[name] = value

    def top(self, kind):
        if not isinstance(self.stack[-1], kind):
            raise CheckpointError("its description is damaged")
        return self.stack[-1]


PLAIN = {"BININT", "BININT1", "BININT2", "LONG1", "BINUNICODE"}
CONSTANTS = {
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
}
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
STEPS = {
    "PROTO": lambda _reader, _version: None,
    "STOP": lambda _reader, _: None,
    "MARK": Reader.mark,
    "TUPLE": lambda reader, _: reader.stack.append(tuple(reader.since_mark())),
    "BINPUT": Reader.put,
    "LONG_BINPUT": Reader.put,
    "BINGET": Reader.get,
    "LONG_BINGET": Reader.get,
    "GLOBAL": Reader.name,
    "BINPERSID": Reader.storage,
    "REDUCE": Reader.call,
    "BUILD": Reader.attributes,
    "APPENDS": Reader.extend,
    "SETITEM": Reader.item,
    "SETITEMS": Reader.items,
}
