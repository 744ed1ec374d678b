"""Hostile caches: the folder ``diag`` beside a checkpoint, with passes, halves of them and arrays derived from them."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from PIL import Image

from pixcon_diag import DataChoice, RunChoice, Study, StudyOptions
from pixcon_diag.cache import resumable_run
from pixcon_diag.cache.store import MANIFEST
from pixcon_train.core.files import to_json
from pixcon_train.runs.checkpoint import save_checkpoint
from tests.cli.farm import own_checkpoint, write_data
from tests.fuzz.case import Case, mutated
from tests.fuzz.texts import changed, mangled, odd_files

NAME = "run"
"""The input is a folder with a checkpoint and its cache."""
Files = dict[str, bytes]
"""Contents by their paths in the input."""
_ANALYSES: dict[str, dict[str, Any]] = {
    "contamination": {},
    "boundary": {},
    "geometry": {"min_pixels": 1},
    "coverage": {"gradient": True},
    "tau": {},
    "estimate": {},
    "doctor": {"draws": 10},
}


def attempt(path: Path) -> str:
    """All numbers that analyses give of the checkpoint; what of them is not in its cache is computed."""
    data = _data()
    options = StudyOptions(
        data=DataChoice(str(data / "farm.yaml"), data),
        run=RunChoice(workers=0, device="cpu", batch_size=2),
        taus=(0.333,),
    )
    study = Study([str(path)], options=options, notify=lambda _: None)
    results = [getattr(study, name)(**given).to_dict() for name, given in _ANALYSES.items()]
    return to_json(results).replace(str(path), "")


def cases(generator: Random) -> Iterator[Case]:
    """See :class:`tests.fuzz.case.Kind`."""
    whole, expected = _whole()
    yield Case("a good cache", NAME, lambda path: _write(path, whole), expected)
    yield Case("half a pass", NAME, lambda path: _write(path, _half()), expected)
    for file in {_kind(name): name for name in whole if name.startswith("diag/")}.values():
        for odd in odd_files(Path(file).name, whole[file]):
            rule = f"{odd.rule} instead of {_kind(file)}"
            yield Case(rule, NAME, lambda path, file=file, odd=odd: _with(path, file, odd.write), None)  # type: ignore[misc]
    while True:
        rule, files = generator.choice(_RULES), _half() if generator.random() < 0.3 else whole
        name, changes, same = rule(files, Random(generator.getrandbits(64)))
        contents = {**files, **changes}
        yield Case(
            name,
            NAME,
            lambda path, contents=contents: _write(path, contents),
            expected if same else None,  # type: ignore[misc]
        )


@cache
def _data() -> Path:
    """Images and a checkpoint; their folder stays, since a pass is known by it."""
    return write_data(Path(mkdtemp(prefix="fuzz-data-")) / "data")


@cache
def _checkpoint() -> bytes:
    data = _data()
    lines = (data / "val.txt").read_text().splitlines(keepends=True)
    parts = {"labeled": lines[:2], "unlabeled": lines[2:]}
    lists = {name: {"path": f"{name}.txt", "sha256": "0", "text": "".join(part)} for name, part in parts.items()}
    whole = own_checkpoint(data)
    queue = torch.nn.functional.normalize(torch.ones(3, 4, 32), dim=2)
    filled = torch.tensor([True, True, False])
    bank = {"queue": queue, "ptr": torch.zeros(3, dtype=torch.int64), "filled": filled}
    save_checkpoint(file := data.parent / "latest.pth", replace(whole, bank=bank, lists={**whole.lists, **lists}))
    return file.read_bytes()


@cache
def _whole() -> tuple[Files, str]:
    """A checkpoint with a complete cache, and what is read from it."""
    _write(folder := Path(mkdtemp(prefix="fuzz-cache-")) / NAME, {"latest.pth": _checkpoint()})
    attempt(folder)
    return _read(folder), attempt(folder)


@cache
def _half() -> Files:
    """A checkpoint with passes that were interrupted in the second batch."""

    class InterruptedError(Exception):
        pass

    whole = resumable_run._CachedRun._save

    def save(run: Any, done: int) -> Any:
        whole(run, done)
        raise InterruptedError

    _write(folder := Path(mkdtemp(prefix="fuzz-half-")) / NAME, {"latest.pth": _checkpoint()})
    with patch.object(resumable_run, "SAVE_EVERY", 0.0), patch.object(resumable_run._CachedRun, "_save", save):
        for _ in _ANALYSES:
            try:
                attempt(folder)
            except InterruptedError:
                continue
    return _read(folder)


def _read(folder: Path) -> Files:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def _write(folder: Path, files: Files) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def _with(folder: Path, name: str, write: Callable[[Path], object]) -> None:
    """A whole cache with one file written by another function, or left out."""
    _write(folder, {other: content for other, content in _whole()[0].items() if other != name})
    write(folder / name)


def _kind(name: str) -> str:
    """What a file is."""
    path = Path(name)
    return path.name.partition("-")[0] if path.suffix in (".npz", ".json") else path.suffix[1:]


def _cached(files: Files, generator: Random, suffix: str) -> str:
    return generator.choice([name for name in files if name.startswith("diag/") and name.endswith(suffix)])


Rule = tuple[str, Files, bool]
"""A name, the files that are replaced, and whether all numbers must remain."""


def _damage(files: Files, generator: Random) -> Rule:
    name = _cached(files, generator, "")
    return f"damaged {_kind(name)}", {name: mutated(files[name], generator)}, not name.endswith(".json")


def _manifest(files: Files, generator: Random) -> Rule:
    name = _cached(files, generator, MANIFEST)
    if generator.random() < 0.3:
        return "a manifest of changed text", {name: changed(files[name], generator)}, False
    value = json.loads(files[name])
    key = value.pop("key")
    value = mangled(value, generator)
    return (
        "a manifest of other values",
        {name: _json({"key": key, **value} if isinstance(value, dict) else value)},
        False,
    )


def _forged(files: Files, generator: Random) -> Rule:
    """An array of another kind, size or value, with the hash that belongs to it."""
    name = _cached(files, generator, ".npz")
    with np.load(io.BytesIO(files[name])) as archive:
        arrays = dict(archive)
    key = generator.choice(list(arrays))
    what, arrays[key] = _other(arrays[key], generator)
    if generator.random() < 0.1:
        del arrays[key]
        what = "without one"
    np.savez(buffer := io.BytesIO(), **arrays)
    return f"{_kind(name)}: {key} {what}", _rehashed(files, name, buffer.getvalue()), False


def _other(array: np.ndarray, generator: Random) -> tuple[str, np.ndarray]:
    kind = generator.choice(("dtype", "dtype", "shape", "shape", "value", "value", "values"))
    if kind == "dtype":
        dtype = generator.choice(("?", "u1", "u8", "i1", "i4", ">i8", "f2", "f4", "f8", "c16", "U3", "S3", "M8[s]"))
        with np.errstate(all="ignore"):
            return f"as {dtype}", np.zeros(array.shape, dtype) if dtype[0] in "M" else array.astype(dtype)
    if kind == "shape":
        shapes: tuple[Callable[[], np.ndarray], ...] = (
            lambda: array[None],
            lambda: array.reshape(-1),
            lambda: array[:0] if array.ndim else array,
            lambda: array[:-1] if array.ndim else array,
            lambda: np.concatenate((array, array)) if array.ndim else array,
            lambda: array[..., :-1] if array.ndim else array,
            lambda: np.array(0, array.dtype),
            lambda: np.asfortranarray(array),
            lambda: array.T,
            lambda: np.zeros((2**40, 0), array.dtype),
        )
        return "of another shape", generator.choice(shapes)()
    new = array.copy()
    integers, floats = (0, 1, -1, 255, 2**15, 2**31, 2**62, -(2**63)), (np.nan, np.inf, -1.0, 0.0, 1e300)
    with np.errstate(all="ignore"):
        value = np.array(generator.choice(integers if array.dtype.kind == "i" else floats)).astype(array.dtype)
    if kind == "values" or not new.size:
        new[...] = value
    else:
        new.flat[generator.randrange(new.size)] = value
    return f"with {kind} {value}", new


def _archive(files: Files, generator: Random) -> Rule:
    """An archive that is none, or whose records ask for much."""
    name = _cached(files, generator, ".npz")
    header = {"descr": "<f8", "fortran_order": False, "shape": (4,)}
    with zipfile.ZipFile(io.BytesIO(files[name])) as archive:
        records = [(entry, archive.read(entry)) for entry in archive.namelist()]
    place = generator.randrange(len(records))
    entry, data = records[place]
    headers: dict[str, Any] = {
        "2^56 numbers": header | {"shape": (2**56,)},
        "2^80 numbers": header | {"shape": (2**40, 2**40)},
        "a negative size": header | {"shape": (-4,)},
        "objects": header | {"descr": "|O"},
        "a record type": header | {"descr": [("a", "<f8"), ("b", "|O")]},
        "text of 2 GB": header | {"descr": "<U500000000", "shape": (0,)},
        "10^6 levels": header | {"shape": "(" * 10**6},
        "no size": header | {"shape": None},
        "sizes of True": header | {"shape": (True,)},
        "no header": {},
    }
    changes: dict[str, Callable[[], list[tuple[str, bytes]]]] = {
        "a record changed": lambda: [*records[:place], (entry, mutated(data, generator)), *records[place + 1 :]],
        "a record twice": lambda: [*records, (entry, data)],
        "a record more": lambda: [*records, ("x/../../y.npy", data)],
        "100,000 records": lambda: [*records, *((f"{number}.npy", b"") for number in range(100_000))],
        "a pickle": lambda: [*records[:place], (entry, b"\x80\x04cos\nsystem\n(Vtouch $PIXCON_CANARY\ntR.")],
        "a record of another version": lambda: [*records[:place], (entry, b"\x93NUMPY\3\0" + data[8:])],
        **{f"a header of {rule}": lambda about=about: [(entry, _npy(about, data))] for rule, about in headers.items()},  # type: ignore[misc]
    }
    what = generator.choice((*changes, "deflated", "a bomb", "no archive", "a lie of its size"))
    if what in changes:
        content = _zipped(changes[what]())
    elif what == "deflated":
        content = _zipped(records, zipfile.ZIP_DEFLATED)
    elif what == "a bomb":
        content = _zipped([(entry, data[:128] + bytes(2**28))], zipfile.ZIP_DEFLATED)
    elif what == "no archive":
        content = generator.choice((b"", b"PK\5\6" + bytes(18), data, b"\x80\x04N.", bytes(10**6)))
    else:
        content = files[name].replace(len(data).to_bytes(4, "little"), (2**31).to_bytes(4, "little"))
    return f"{_kind(name)}: {what}", _rehashed(files, name, content), False


def _npy(about: Any, data: bytes) -> bytes:
    text = repr(about).encode()
    return b"\x93NUMPY\2\0" + len(text).to_bytes(4, "little") + text + data[-32:]


def _zipped(records: list[tuple[str, bytes]], packed: int = zipfile.ZIP_STORED) -> bytes:
    with zipfile.ZipFile(buffer := io.BytesIO(), "w") as archive:
        for entry, data in records:
            archive.writestr(entry, data, packed)
    return buffer.getvalue()


def _map(files: Files, generator: Random) -> Rule:
    """A label map or confidence map of other values, size or kind, with the hash that belongs to it."""
    name = _cached(files, generator, ".png")
    values = np.asarray(Image.open(io.BytesIO(files[name])))
    changes: dict[str, Callable[[], np.ndarray]] = {
        "255 everywhere": lambda: np.full_like(values, 255),
        "an unknown class": lambda: values | 128,
        "a row less": lambda: values[:-1],
        "one pixel": lambda: values[:1, :1],
        "turned": lambda: values.T,
        "colours": lambda: np.stack([values] * 3, 2),
        "16 bits": lambda: values.astype(np.uint16) * 300,
        "larger": lambda: np.tile(values, (40, 40)),
    }
    what = generator.choice(list(changes))
    Image.fromarray(changes[what]()).save(buffer := io.BytesIO(), "PNG")
    return f"a map: {what}", _rehashed(files, name, buffer.getvalue()), False


def _beside(files: Files, generator: Random) -> Rule:
    """Files of a lock and its holder, or that belong to nothing."""
    folder = str(Path(_cached(files, generator, MANIFEST)).parent)
    ends = (".lock", ".holder", "/rows-99999.npz", "/.x.1.tmp", "/x/y")
    content = generator.choice((b"", b"1 host 2026-01-01T00:00\n", b"9" * 299, generator.randbytes(99), bytes(10**6)))
    return "a file beside", {folder + generator.choice(ends): content}, True


def _rehashed(files: Files, name: str, content: bytes) -> Files:
    """The file, and a manifest that names its hash."""
    path = Path(name)
    folder = path.parent if path.suffix == ".npz" else path.parent.parent
    about = json.loads(files[str(folder / MANIFEST)])
    digest = hashlib.sha256(content).hexdigest()
    if path.name == about["state"]:
        about["sha256"] = digest
    for hashes in (about["rows"], *about["maps"].values()):
        if path.name in hashes and (path.suffix == ".npz" or hashes is about["maps"][path.parent.name]):
            hashes[path.name] = digest
    return {name: content, str(folder / MANIFEST): _json(about)}


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


_RULES = (_damage, _manifest, _forged, _forged, _forged, _archive, _map, _beside)
