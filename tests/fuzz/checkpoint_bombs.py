"""Small checkpoint files that ask for much time, memory or depth."""

import io
import json
import struct
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

from tests.fuzz.checkpoint_files import weights
from tests.fuzz.pickle_programs import Raw, Writer, call, group, mapping, named, storage, tensor, text, whole, zipped


def bombs() -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Rule and content of each."""
    encode = named("_codecs", "encode")
    extra: dict[str, Callable[[], bytes]] = {
        "a tuple nested a million times": lambda: b")" + b"\x85" * 10**6,
        "a deep tuple as a key": lambda: b"}" + b")" + b"\x85" * 10**6 + b"Ns",
        "a list nested 100,000 times": lambda: b"]" * 10**5 + b"a" * (10**5 - 1),
        "dicts nested 100,000 times": lambda: b"}" + (text("a") + b"}") * 10**5 + b"s" * 10**5,
        "tuples of themselves in a set": lambda: call(named("__builtin__", "set"), b"](" + _doubled(40) + b"e"),
        "tuples of themselves as a key": lambda: b"}" + _doubled(40) + b"Ns",
        "tuples of themselves as a position": lambda: _placed(_doubled(40)),
        "tuples of themselves as a size": lambda: _placed(whole(0), group(_doubled(40))),
        "tuples of themselves as a length": lambda: (
            group(text("storage"), named("torch", "FloatStorage"), text("0"), text("cpu"), _doubled(40)) + b"Q"
        ),
        "lists of themselves": lambda: _shared_lists(60),
        "a list in itself": lambda: b"]q\x00h\x00a",
        "a dict in itself": lambda: b"}q\x00" + text("a") + b"h\x00s",
        "a config of shared dicts": lambda: _shared_dicts(40),
        "ten million opcodes": lambda: b"N0" * 5 * 10**6 + b"N",
        "four million nothings": lambda: b"](" + b"N" * 4 * 10**6 + b"e",
        "a million dicts": lambda: b"](" + b"}" * 10**6 + b"e",
        "a bytearray of 6 GiB": lambda: call(named("__builtin__", "bytearray"), whole(6 * 2**30)),
        "bytes of 6 GiB": lambda: call(named("__builtin__", "bytes"), whole(6 * 2**30)),
        "punycode": lambda: call(encode, text("\xfc" * 300_000 + "a" * 300_000), text("punycode")),
        "a text encoded again and again": lambda: (
            text("a" * 10**7) + b"q\x000" + b"](" + call(encode, b"h\x00", text("latin1")) * 1000 + b"e"
        ),
        "a set made again and again": lambda: (
            b"](" + b"N" * 10**5 + b"eq\x000](" + call(named("__builtin__", "set"), b"h\x00") * 10**4 + b"e"
        ),
        "an integer of 10 MB": lambda: b"\x8b" + struct.pack("<I", 10**7) + b"\x7f" * 10**7,
        "a long text integer": lambda: b"L" + b"9" * 10**6 + b"L\n",
        "a length beyond the end": lambda: b"X" + struct.pack("<I", 2**32 - 1) + b"a",
        "a length of 8 bytes": lambda: b"\x8d" + struct.pack("<Q", 2**62) + b"a",
        "a frame of 8 bytes": lambda: b"\x95" + struct.pack("<Q", 2**62) + b"N",
        "a place in the memo of 2^32": lambda: b"Nr" + struct.pack("<I", 2**32 - 1),
        "marks alone": lambda: b"(" * 10**6,
        "a number of numpy of 1 GB": lambda: call(
            named("numpy.core.multiarray", "scalar"), call(named("numpy", "dtype"), text("S1000000000")), b"C\x01a"
        ),
        "stride 0": lambda: tensor(storage("0", 1), 0, (10**9, 100), (0, 0)),
        "overlapping windows": lambda: tensor(storage("0", 1), 0, (10**5, 10**5), (1, 1)),
        "a storage of 2^60": lambda: tensor(storage("0", 2**60), 0, (2**60,), (1,)),
        "a storage on meta": lambda: tensor(storage("0", 2**40, place="meta"), 0, (2**40,), (1,)),
        "a sparse tensor of 10^12": lambda: call(
            named("torch._utils", "_rebuild_sparse_tensor"), named("torch", "sparse_coo"), group(whole(1), whole(2))
        ),
        "a meta tensor": lambda: call(
            named("torch._utils", "_rebuild_meta_tensor_no_storage"),
            named("torch", "float32"),
            group(whole(10**9)),
            group(whole(1)),
            b"\x89",
        ),
    }
    for rule, code in extra.items():
        yield f"{rule}, as metadata", lambda code=code: _beside(Raw(code()))  # type: ignore[misc]
        yield f"{rule}, as all", lambda code=code: zipped(_records(b"\x80\x02" + code() + b"."))  # type: ignore[misc]
    for name in ("data.pkl", "version", "byteorder", "data/0"):
        yield f"256 MB of zeros in {name}", lambda name=name: _deflated(name)  # type: ignore[misc]
    yield (
        "100,000 empty records",
        lambda: zipped({"data.pkl": b"\x80\x02}.", **{f"data/{n}": b"" for n in range(10**5)}}),
    )
    yield "a classifier of 30 million classes", lambda: _classes(30_000_000)
    yield "100,000 names of one tensor", _many_names
    for rule, header in _headers().items():
        yield f"safetensors, {rule}", lambda header=header: _framed(header())  # type: ignore[misc]


def _records(program: bytes) -> dict[str, bytes]:
    return {"data.pkl": program, "byteorder": b"little", "version": b"3\n", "data/0": bytes(4)}


def _beside(value: Raw) -> bytes:
    """A whole network and ``value``."""
    writer = Writer({"data/0": bytes(4)})
    return writer.file({"model": weights(), "epoch": 3, "args": value})


def _doubled(times: int) -> bytes:
    """A tuple of two of a tuple of two …, each made once."""
    return b")" + b"".join(b"r" + struct.pack("<I", n) + b"j" + struct.pack("<I", n) + b"\x86" for n in range(1, times))


def _placed(offset: bytes, shape: bytes = b"K\x01\x85") -> bytes:
    """A tensor at a place, and of a shape, that may be anything."""
    rebuild = named("torch._utils", "_rebuild_tensor_v2")
    return call(rebuild, storage("0", 1), offset, shape, b"K\x01\x85", b"\x89", b"N")


def _shared_dicts(times: int) -> bytes:
    code = mapping()
    for number in range(times):
        place = struct.pack("<I", number)
        code = code + b"r" + place + b"0" + mapping((text("a"), b"j" + place), (text("b"), b"j" + place))
    return code


def _shared_lists(times: int) -> bytes:
    """A list of two of a list of two …, each made once."""
    places = [struct.pack("<I", number) for number in range(times)]
    return b"]" + b"".join(b"r" + place + b"0](" + b"j" + place + b"j" + place + b"e" for place in places)


def _deflated(name: str) -> bytes:
    """A zip with one compressed record of 256 MB, of 256 kB."""
    with zipfile.ZipFile(buffer := io.BytesIO(), "w") as archive:
        for record, data in _records(b"\x80\x02}.").items():
            if record != name:
                archive.writestr(f"archive/{record}", data)
        entry = zipfile.ZipInfo(f"archive/{name}")
        entry.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(entry, "w", force_zip64=True) as handle:
            for _ in range(16):
                handle.write(bytes(2**24))
    return buffer.getvalue()


def _classes(count: int) -> bytes:
    """A network whose classifier is one value seen many times."""
    writer, model = Writer(), dict(weights())
    key = next(key for key, value in reversed(model.items()) if value.ndim == 4)
    shape = (count, *model[key].shape[1:])
    model[key] = Raw(tensor(writer.storage(model[key][:1, :1, :1, :1]), 0, shape, (0, 0, 0, 0)))  # type: ignore[assignment]
    return writer.file(model)


def _many_names() -> bytes:
    writer, model = Writer(), dict(weights())
    largest = max(model, key=lambda key: model[key].numel())
    held = tensor(writer.storage(model[largest]), 0, (model[largest].numel(),), (1,))
    names: dict[str, Any] = {f"n{number}": Raw(b"j" + struct.pack("<I", 9)) for number in range(10**5)}
    return writer.file({**model, "first": Raw(held + b"r" + struct.pack("<I", 9)), **names})


def _headers() -> dict[str, Callable[[], bytes]]:
    entry = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    return {
        "deep lists": lambda: b'{"a":' + b"[" * 10**6 + b"]" * 10**6 + b"}",
        "deep objects": lambda: b'{"a":' * 10**5 + b"1" + b"}" * 10**5,
        "a long integer": lambda: b'{"a":{"dtype":"F32","shape":[' + b"9" * 10**6 + b'],"data_offsets":[0,4]}}',
        "two tensors on the same bytes": lambda: json.dumps({"a": entry, "b": entry}).encode(),
        "one name twice": lambda: b'{"a":%b,"a":%b}' % (json.dumps(entry).encode(), json.dumps(entry).encode()),
        "a gap": lambda: json.dumps({"a": entry | {"data_offsets": [4, 8]}}).encode(),
        "no bytes and 2^62 rows": lambda: json.dumps(
            {"a": entry | {"shape": [2**62, 0], "data_offsets": [0, 0]}}
        ).encode(),
        "a million names": lambda: json.dumps(
            {str(n): {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for n in range(10**6)}
        ).encode(),
        "NaN": lambda: b'{"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,4]}}',
        "no object": lambda: b'{"a":3,"__metadata__":[]}',
    }


def _framed(header: bytes) -> bytes:
    return len(header).to_bytes(8, "little") + header + bytes(4)
