"""Pickles and zip files written byte by byte, so that they can hold what ``torch.save`` never writes."""

import io
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import torch
from torch import Tensor

_STORAGES = {
    torch.float32: "FloatStorage",
    torch.float64: "DoubleStorage",
    torch.float16: "HalfStorage",
    torch.bfloat16: "BFloat16Storage",
    torch.int64: "LongStorage",
    torch.int32: "IntStorage",
    torch.bool: "BoolStorage",
}


@dataclass(frozen=True)
class Raw:
    """Opcodes that leave one value on the stack."""

    code: bytes


@dataclass
class Writer:
    """Writes values as opcodes, and tensors also as records."""

    records: dict[str, bytes] = field(default_factory=dict)

    def encode(self, value: Any) -> bytes:
        """Opcodes that leave ``value`` on the stack."""
        match value:
            case Raw():
                return value.code
            case bool() | None:
                return {None: b"N", False: b"\x89", True: b"\x88"}[value]
            case int():
                return whole(value)
            case float():
                return b"G" + struct.pack(">d", value)
            case str():
                return text(value)
            case bytes():
                return b"B" + struct.pack("<I", len(value)) + value
            case dict():
                return mapping(*((self.encode(key), self.encode(item)) for key, item in value.items()))
            case list():
                return b"](" + b"".join(map(self.encode, value)) + b"e"
            case tuple():
                return group(*map(self.encode, value))
            case Tensor():
                return tensor(self.storage(value), 0, value.shape, value.contiguous().stride())
        raise TypeError(type(value))

    def storage(self, value: Tensor) -> bytes:
        """Opcodes that leave the storage of ``value`` on the stack; its bytes become a record."""
        key = str(len(self.records))
        self.records[f"data/{key}"] = value.detach().contiguous().flatten().view(torch.uint8).numpy().tobytes()
        return storage(key, value.numel(), _STORAGES[value.dtype])

    def file(self, value: Any, **records: bytes) -> bytes:
        """A file as torch.save writes it, with ``value`` in it; ``records`` replace others."""
        program = b"\x80\x02" + self.encode(value) + b"."
        return zipped({"data.pkl": program, "byteorder": b"little", "version": b"3\n", **self.records, **records})


def zipped(records: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """A zip of ``records``."""
    with zipfile.ZipFile(buffer := io.BytesIO(), "w", compression) as archive:
        for name, data in records.items():
            archive.writestr(f"archive/{name}", data)
    return buffer.getvalue()


def text(value: str) -> bytes:
    """A text."""
    data = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(data)) + data


def whole(value: int) -> bytes:
    """An integer."""
    if -(2**31) <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8b" + struct.pack("<I", len(data)) + data


def named(module: str, name: str) -> bytes:
    """A global."""
    return f"c{module}\n{name}\n".encode()


def group(*items: bytes) -> bytes:
    """A tuple."""
    return b"(" + b"".join(items) + b"t"


def mapping(*items: tuple[bytes, bytes]) -> bytes:
    """A dict."""
    return b"}(" + b"".join(key + value for key, value in items) + b"u"


def call(function: bytes, *arguments: bytes) -> bytes:
    """What a function gives."""
    return function + group(*arguments) + b"R"


def storage(key: str, count: int, kind: str = "FloatStorage", module: str = "torch", place: str = "cpu") -> bytes:
    """A storage by its record."""
    return group(text("storage"), named(module, kind), text(key), text(place), whole(count)) + b"Q"


def tensor(held: bytes, offset: int, size: Any, stride: Any) -> bytes:
    """A view of a storage."""
    sizes, strides = group(*map(whole, size)), group(*map(whole, stride))
    hooks = call(named("collections", "OrderedDict"))
    return call(named("torch._utils", "_rebuild_tensor_v2"), held, whole(offset), sizes, strides, b"\x89", hooks)


GLOBALS = (
    *(("builtins", name) for name in ("eval", "exec", "getattr", "__import__", "set", "bytearray", "complex", "open")),
    *(("__builtin__", name) for name in ("apply", "compile", "frozenset", "map", "input", "print")),
    *(("os", "system"), ("posix", "mkdir"), ("subprocess", "Popen"), ("pathlib", "PosixPath"), ("pty", "spawn")),
    *(("collections", name) for name in ("OrderedDict", "Counter", "defaultdict", "deque")),
    *(("torch", name) for name in ("Size", "device", "load", "FloatStorage", "float32", "ComplexFloatStorage")),
    *(("torch._utils", f"_rebuild_{name}") for name in ("tensor", "tensor_v2", "tensor_v3", "parameter")),
    *(
        ("torch._utils", f"_rebuild_{name}")
        for name in ("sparse_tensor", "qtensor", "nested_tensor", "meta_tensor_no_storage")
    ),
    *(("torch._tensor", "_rebuild_from_type_v2"), ("torch.nn.parameter", "Parameter"), ("torch.hub", "load")),
    *(("numpy", "dtype"), ("numpy.core.multiarray", "scalar"), ("numpy._core.multiarray", "_reconstruct")),
    *(("numpy", "ndarray"), ("numpy", "load"), ("_codecs", "encode"), ("codecs", "decode"), ("argparse", "Namespace")),
    *(("copyreg", "_reconstructor"), ("functools", "partial"), ("operator", "attrgetter"), ("types", "CodeType")),
    *(("", ""), ("torch", "a.b.c"), ("\x1b[2J", "\x07"), ("__main__", "Model"), ("torch.nn.modules.conv", "Conv2d")),
)
"""What a pickle may name: functions that run code, those of torch.save, and others."""


def random_value(generator: Random, writer: Writer, depth: int = 4) -> bytes:
    """Opcodes of a random value, often with calls that fail."""
    inner: Callable[[], bytes] = lambda: random_value(generator, writer, depth - 1)  # noqa: E731
    several: Callable[[], list[bytes]] = lambda: [inner() for _ in range(generator.randrange(4))]  # noqa: E731
    function = named(*generator.choice(GLOBALS))
    leaves: tuple[Callable[[], bytes], ...] = (
        lambda: generator.choice((b"N", b"\x88", b"\x89", b")", b"]", b"}", b"\x8f", function)),
        lambda: whole(generator.choice((0, 1, -1, 255, 2**31, -(2**63), 2**64, 10**40, generator.getrandbits(16)))),
        lambda: b"G" + struct.pack(">d", generator.choice((0.5, float("nan"), float("inf"), 1e308, -0.0))),
        lambda: text(
            generator.choice(("", "a", "latin1", "punycode", "f8", "U3", "\x1b[2J", "\ud800", "module.", "0"))
        ),
        lambda: b"B" + struct.pack("<I", 8) + generator.randbytes(8),
        lambda: writer.storage(torch.ones(generator.randrange(4))),
    )
    nested: tuple[Callable[[], bytes], ...] = (
        lambda: group(*several()),
        lambda: b"](" + b"".join(several()) + b"e",
        lambda: mapping(*((generator.choice((inner, lambda: text(str(depth))))(), inner()) for _ in range(2))),
        lambda: call(function, *several()),
        lambda: function + group(*several()) + b"\x81",
        lambda: call(function, *several()) + inner() + b"b",
        lambda: inner() + b"2" + b"\x86",
        lambda: inner() + b"q\x07" + b"h\x07" + b"\x86",
        lambda: tensor(
            inner(), generator.randrange(-1, 3), (generator.randrange(-1, 4),), (generator.randrange(-1, 3),)
        ),
        lambda: group(*several()) + b"Q",
    )
    return generator.choice(leaves + nested * 2 if depth else leaves)()
