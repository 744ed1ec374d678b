"""Hostile folders of maps with confidence: PNGs of 16 bits, and arrays of NumPy and PyTorch."""

import hashlib
import io
import pickle
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import Any

import numpy as np
import torch
from numpy.lib import format as npy

from pixcon_diag.data.confidence_codes import KEYWORD, SCALE, encode_confidence
from pixcon_diag.data.label_maps import encode_map
from pixcon_diag.passes.collector import Collector
from pixcon_diag.passes.options import MeasureOptions
from pixcon_diag.passes.read_maps import read_pass
from pixcon_diag.passes.saved_maps import checkpoint_of_maps, maps_of
from tests.cli.farm import CLASSES, SIZES
from tests.fuzz.case import Case, mutated
from tests.fuzz.predictions import evaluation_data
from tests.fuzz.texts import odd_files

NAME = "maps"
"""The input is a folder."""
KINDS = (".png", ".npz", ".npy", ".pt")
CHECKED = (".png", ".npz", ".pt")
"""Kinds with checksums, where other numbers than those that were written are a fault."""
HUGE = 2**40

Files = dict[str, bytes]


def attempt(path: Path) -> str:
    """What the folder is said to hold, and all counts."""
    data, options = evaluation_data(), MeasureOptions()
    maps = checkpoint_of_maps(NAME, maps_of(path, data), data, options.edges)
    collector = Collector(len(CLASSES), options)
    read_pass(path, data, range(len(data.pairs)), [collector.update])
    digest = hashlib.sha256()
    for name, values in sorted(collector.snapshot().items()):
        digest.update(name.encode() + values.tobytes())
    return f"{maps.info.layout} {maps.remarks} {digest.hexdigest()}"


def cases(generator: Random) -> Iterator[Case]:
    """See :class:`tests.fuzz.case.Kind`."""
    expected = {}
    for kind in KINDS:
        _write(good := Path(mkdtemp(prefix="fuzz-maps-")) / NAME, _maps(kind))
        expected[kind] = attempt(good)
        yield _case(f"good {kind}", kind, {}, expected[kind])
    for odd in odd_files("1.npz", _maps(".npz")["1.npz"]):
        yield Case(
            f"{odd.rule} instead of an array", NAME, lambda path, odd=odd: _write(path, _maps(".npz"), odd.write)
        )  # type: ignore[misc]
    for rule, kind, files in _made():
        yield _case(rule, kind, files)
    while True:
        kind = generator.choice(KINDS)
        name = generator.choice(list(_maps(kind)))
        if generator.random() < 0.7:
            content = mutated(_maps(kind)[name], generator)
            yield _case(f"a damaged {kind}", kind, {name: content}, expected[kind] if kind in CHECKED else None)
        else:
            rule, content = _other(kind, name, generator)
            yield _case(f"{kind}: {rule}", kind, {name: content})


def _case(rule: str, kind: str, files: Files, expected: str | None = None) -> Case:
    return Case(rule, NAME, lambda path: _write(path, _maps(kind) | files), expected)


def _write(folder: Path, files: Files, odd: Callable[[Path], object] | None = None) -> None:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    if odd is not None:
        (folder / "1.npz").unlink()
        odd(folder / "1.npz")


@cache
def _logits(index: int) -> np.ndarray:
    width, height = SIZES[index]
    return np.random.default_rng(index).normal(0, 3, (len(CLASSES), height, width)).astype(np.float32)


@cache
def _maps(kind: str) -> Files:
    """Good files of every image."""
    files: Files = {}
    for index in range(len(SIZES)):
        logits = _logits(index)
        if kind == ".png":
            exponents = np.exp(logits)
            codes = encode_confidence((exponents / exponents.sum(0)).max(0))
            files[f"{index}.png"] = encode_map(logits.argmax(0).astype(np.uint8), None)
            files[f"{index}.confidence.png"] = encode_map(codes, None, text=(KEYWORD, SCALE))
        else:
            files[f"{index}{kind}"] = _saved(logits, kind)
    return files


def _saved(values: Any, kind: str) -> bytes:
    handle = io.BytesIO()
    if kind == ".npz":
        np.savez_compressed(handle, values)
    elif kind == ".npy":
        np.save(handle, values)
    else:
        torch.save(torch.from_numpy(values) if isinstance(values, np.ndarray) else values, handle)
    return handle.getvalue()


def _header(shape: tuple[int, ...], dtype: str = "<f4") -> bytes:
    npy.write_array_header_1_0(handle := io.BytesIO(), {"descr": dtype, "fortran_order": False, "shape": shape})
    return handle.getvalue()


def _zip(*records: tuple[str, bytes], packed: int = zipfile.ZIP_DEFLATED) -> bytes:
    with zipfile.ZipFile(handle := io.BytesIO(), "w", packed) as archive:
        for name, content in records:
            archive.writestr(name, content)
    return handle.getvalue()


class _Canary:
    def __reduce__(self) -> Any:
        import os

        return os.system, ("touch $PIXCON_CANARY",)


def _made() -> Iterator[tuple[str, str, Files]]:
    """Rules, kinds and the files that differ from the good ones."""
    whole, shape = _saved(_logits(0), ".npy"), _logits(0).shape
    objects = np.empty(shape, dtype=object)
    objects[:] = _Canary()
    np.save(handle := io.BytesIO(), objects, allow_pickle=True)
    for rule, array in {
        "a shape of terabytes": _header((len(CLASSES), HUGE, HUGE)),
        "a shape that overflows": _header((2**62, 2**62, 2**62)),
        "no numbers behind the header": _header(shape),
        "strings of gigabytes": _header(shape, "<U500000000"),
        "objects": handle.getvalue(),
        "a pickle": pickle.dumps(_Canary()),
        "a deep header": b"\x93NUMPY\1\0\xff\xff{'descr':" + b"[" * 65_000,
        "a long header": b"\x93NUMPY\2\0\xff\xff\xff\x7f" + bytes(1000),
        "zeros behind the numbers": whole + bytes(2**20),
        "complex numbers": _saved(_logits(0).astype(np.complex64), ".npy"),
    }.items():
        yield f"{rule}, .npy", ".npy", {"0.npy": array}
        yield f"{rule}, .npz", ".npz", {"0.npz": _zip(("a.npy", array))}
    yield "a bomb", ".npz", {"0.npz": _zip(("a.npy", whole + bytes(2**28)))}
    yield "a bomb by LZMA", ".npz", {"0.npz": _zip(("a.npy", whole + bytes(2**28)), packed=zipfile.ZIP_LZMA)}
    yield "thousands of arrays", ".npz", {"0.npz": _zip(*((f"{number}.npy", whole[:90]) for number in range(20_000)))}
    yield (
        "a lying size",
        ".npz",
        {"0.npz": _zip(("a.npy", whole)).replace(len(whole).to_bytes(4, "little"), b"\xff" * 4)},
    )
    yield "an expanded tensor", ".pt", {"0.pt": _saved(torch.zeros(1).expand(3, 2**30, 2**30), ".pt")}
    yield "an expanded tensor of the right shape", ".pt", {"0.pt": _saved(torch.zeros(1).expand(shape), ".pt")}
    yield "a part of a large tensor", ".pt", {"0.pt": _saved(torch.zeros(2**26)[:5], ".pt")}
    yield "code", ".pt", {"0.pt": _saved(_Canary(), ".pt")}
    yield "a list", ".pt", {"0.pt": _saved([torch.zeros(shape)], ".pt")}
    size = shape[1:]
    for text in ("0:0 65535:1 " * 3, "0:0 65535:nan", "0:0 " + "9" * 60_000 + ":1", "a:b", "0:0 1e9:1", "0:0\0" * 9):
        codes = encode_map(np.zeros(size, np.int32), None, text=(KEYWORD, text))
        yield f"the scale {text[:12]!a}", ".png", {"0.confidence.png": codes}
    large = encode_map(np.zeros((8000, 8000), np.int32), None)
    yield "64 megapixels", ".png", {"0.confidence.png": large}
    yield "no labels", ".png", {"0.png": large}


def _other(kind: str, name: str, generator: Random) -> tuple[str, bytes]:
    """Another content of a file."""
    if kind == ".png":
        bits = generator.choice((np.uint8, np.int32))
        return "noise", encode_map(np.array(generator.choices(range(256), k=1200)).reshape(40, 30).astype(bits), None)
    logits = _logits(int(name[0]))
    changes: dict[str, Callable[[], np.ndarray]] = {
        "NaN": lambda: np.where(logits == logits.max(), np.nan, logits).astype(np.float32),
        "infinity": lambda: np.where(logits == logits.max(), np.inf, logits).astype(np.float32),
        "-infinity everywhere": lambda: np.full_like(logits, -np.inf),
        "probabilities": lambda: (np.exp(logits) / np.exp(logits).sum(0)).astype(np.float32),
        "sigmoids": lambda: 1 / (1 + np.exp(-logits)),
        "float16": lambda: logits.astype(np.float16),
        "float64": lambda: logits.astype(np.float64),
        "integers": lambda: logits.astype(generator.choice((np.int64, np.uint8, np.int8))),
        "booleans": lambda: logits > 0,
        "turned": lambda: np.ascontiguousarray(logits.transpose(0, 2, 1)),
        "a batch": lambda: logits[None],
        "a row less": lambda: logits[:, :-1],
        "nothing": lambda: logits[:, :0],
        "largest": lambda: np.full_like(logits, np.finfo(np.float32).max),
    }
    rule = generator.choice(list(changes))
    return rule, _saved(changes[rule](), kind)
