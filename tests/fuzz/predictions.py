"""Hostile folders of label maps that other frameworks saved, as ``--predictions`` takes them."""

import hashlib
import io
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from random import Random
from tempfile import mkdtemp

import numpy as np
from PIL import Image

from pixcon_diag import DataChoice, choose_data
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.passes.predictions import measure_predictions
from tests.cli.farm import write_data
from tests.fuzz.case import Case, mutated
from tests.fuzz.texts import odd_files

NAME = "maps"
"""The input is a folder."""
Write = Callable[[Path], object]


def attempt(path: Path) -> str:
    """The counts of every image."""
    measured = measure_predictions(path, evaluation_data())
    return f"{measured.statistics.shape} {hashlib.sha256(measured.statistics.tobytes()).hexdigest()}"


def cases(generator: Random) -> Iterator[Case]:
    """See :class:`tests.fuzz.case.Kind`."""
    maps = _maps()
    _write(good := Path(mkdtemp(prefix="fuzz-maps-")) / NAME, {})
    expected = attempt(good)
    yield Case("good maps", NAME, lambda path: _write(path, {}), expected)
    for odd in odd_files(NAME, maps["0.png"]):
        yield Case(f"{odd.rule} instead of the folder", NAME, odd.write)
    for odd in odd_files("1.png", maps["1.png"]):
        yield Case(f"{odd.rule} instead of a map", NAME, lambda path, odd=odd: _write(path, {"1.png": odd.write}))  # type: ignore[misc]
    for rule, writes in _folders(maps).items():
        yield Case(rule, NAME, lambda path, writes=writes: _write(path, writes))  # type: ignore[misc]
    while True:
        name = generator.choice(list(maps))
        if generator.random() < 0.6:
            content = mutated(maps[name], generator)
            yield Case("a damaged map", NAME, lambda path, n=name, c=content: _write(path, {n: _bytes(c)}), expected)  # type: ignore[misc]
        else:
            rule, content = _other(maps[name], generator)
            yield Case(f"a map: {rule}", NAME, lambda path, n=name, c=content: _write(path, {n: _bytes(c)}))  # type: ignore[misc]


@cache
def evaluation_data() -> EvaluationData:
    """Images with masks, whose folder stays."""
    root = write_data(Path(mkdtemp(prefix="fuzz-data-")) / "data")
    return choose_data(DataChoice(str(root / "farm.yaml"), root))


@cache
def _maps() -> dict[str, bytes]:
    """A map of every image."""
    random, maps = np.random.default_rng(0), {}
    for place, pair in enumerate(evaluation_data().pairs):
        with Image.open(evaluation_data().source.root / pair.image) as image:
            values = random.integers(0, 3, (image.height, image.width), dtype=np.uint8)
        maps[f"{place}.png"] = _png(values)
    return maps


def _png(values: np.ndarray, form: str = "PNG") -> bytes:
    Image.fromarray(values).save(buffer := io.BytesIO(), form)
    return buffer.getvalue()


def _bytes(content: bytes) -> Write:
    return lambda path: path.write_bytes(content)


def _write(folder: Path, others: dict[str, Write]) -> None:
    """The good maps, of which some are written by other functions."""
    folder.mkdir()
    for name, write in ({name: _bytes(content) for name, content in _maps().items()} | others).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write(folder / name)


def _folders(maps: dict[str, bytes]) -> dict[str, dict[str, Write]]:
    """Folders with links, with folders instead of maps, or with maps under further names."""
    return {
        "a folder instead of a map": {"0.png": Path.mkdir},
        "all maps one link": {name: lambda path: path.symlink_to("/etc/hostname") for name in maps},
        "maps that are links to one another": {
            "0.png": lambda path: path.symlink_to("1.png"),
            "1.png": lambda path: path.symlink_to("0.png"),
        },
        "a link to the images": {"images": lambda path: path.symlink_to(evaluation_data().source.root / "images")},
        "a folder in itself": {"images": lambda path: path.symlink_to(".")},
        "further maps": {f"images/{name}": _bytes(content[:-9]) for name, content in maps.items()},
        "no map may be read": {"2.png": lambda path: (path.write_bytes(b""), path.chmod(0))},
        "a map of 100 megapixels": {"0.png": lambda path: path.write_bytes(_png(np.zeros((10_000, 10_000), np.uint8)))},
    }


def _other(content: bytes, generator: Random) -> tuple[str, bytes]:
    values = np.asarray(Image.open(io.BytesIO(content)))
    changes: dict[str, Callable[[], bytes]] = {
        "void everywhere": lambda: _png(np.full_like(values, 255)),
        "unknown classes": lambda: _png(values + generator.choice((3, 100, 252))),
        "shifted by one": lambda: _png(values + 1),
        "a row less": lambda: _png(values[:-1]),
        "turned": lambda: _png(np.ascontiguousarray(values.T)),
        "colours": lambda: _png(np.stack([values] * 3, 2)),
        "16 bits": lambda: _png(values.astype(np.uint16) * generator.choice((1, 255, 30_000))),
        "32 bits": lambda: _png(values.astype(np.int32) - 1, "TIFF"),
        "floats": lambda: _png(values.astype(np.float32) / 2, "TIFF"),
        "bits": lambda: _png(values > 0),
        "JPEG": lambda: _png(values, "JPEG"),
        "BMP": lambda: _png(values, "BMP"),
        "NumPy": lambda: b"\x93NUMPY\1\0v\0{'descr': '|O'}" + generator.randbytes(50),
        "a pickle": lambda: b"\x80\x04cos\nsystem\n(Vtouch $PIXCON_CANARY\ntR.",
    }
    rule = generator.choice(list(changes))
    return rule, changes[rule]()
