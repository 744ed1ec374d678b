"""Probabilities or logits of one image, saved by NumPy or PyTorch; nothing in a file is run.

The header is compared with the size of the mask before any number is read, so that memory is bounded by the image.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import IO, Literal, NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import numpy as np
from numpy.lib import format as npy

from pixcon_train.core.errors import DataError
from pixcon_train.core.files import open_regular
from pixcon_train.core.limited_file import LimitedFile
from pixcon_train.core.npy_files import read_npy_header

Form = Literal["probabilities", "logits"]
Shape = tuple[int, int, int]

NUMPY, TORCH = (".npz", ".npy"), (".pt", ".pth")
SUFFIXES = NUMPY + TORCH
"""Names of files with scores end so."""
TOLERANCE = {"float16": 4e-3, "bfloat16": 1e-2}
"""How far the sum of an image's probabilities may be from one, by type, several times what rounding explains."""
_USUAL_TOLERANCE = 1e-3
"""Of float32 and float64, which may hold what was computed in another precision."""
_RINGING = 0.5
"""How far interpolation may carry probabilities out of [0, 1]: bicubic, in both directions, at most by 0.45."""
_SCALED = (100, 255, 65535)
"""Sums of probabilities in per cent or in the levels of an image, which are no logits."""
_SCALED_TOLERANCE = 0.02
_TYPES = ("float16", "float32", "float64")
_MOST_ENTRIES = 16
"""Most arrays of an archive whose names are listed."""
_MOST_STORED = 16
"""How many times larger than its tensor a file of torch.save may be: that of a view holds the whole batch."""


class Scores(NamedTuple):
    """The scores of one image."""

    values: np.ndarray
    """(K, H, W), floating point."""
    dtype: str
    """Their type in the file."""
    form: Form

    @property
    def interpolated(self) -> bool:
        """Whether they are probabilities beyond [0, 1], as resizing them by cubic interpolation gives."""
        beyond = self.values.min() < -_USUAL_TOLERANCE or self.values.max() > 1 + _USUAL_TOLERANCE
        return self.form == "probabilities" and bool(beyond)


def read_scores(path: Path, shape: Shape) -> Scores:
    """The probabilities or logits in a file: an ``.npy``, an ``.npz`` of one array, or a tensor of ``torch.save``.

    Args:
        shape: (K, H, W) that they must have.

    Raises:
        DataError: the file is missing or damaged, of another shape or type, or holds NaN, or scores that are neither.
        CheckpointError: it is no file of torch.save.
    """
    values, dtype = _of_torch(path, shape) if path.suffix in TORCH else _of_numpy(path, shape)
    return Scores(values, dtype, form_of(values, dtype, path))


def form_of(values: np.ndarray, dtype: str, path: Path) -> Form:
    """Whether scores (K, H, W) are probabilities: of sum one along the classes at every pixel.

    Probabilities may leave [0, 1] as far as interpolation carries them. Logits sum to one only by chance.

    Raises:
        DataError: they hold NaN or +∞, or are neither: of sum one at most pixels only, or further from [0, 1]; or
            nearly all in [0, 1] without summing to one, as sigmoids are.
    """
    lowest, highest = float(values.min()), float(values.max())
    if not highest < np.inf:  # also for NaN
        what = "infinite values" if highest == np.inf else "NaN"
        raise DataError(
            f"{path} holds {what}, which are no logits and no probabilities. Has the training diverged, or did half "
            "precision overflow? Save them from a network that predicts finite values, in float32."
        )
    with np.errstate(over="ignore"):  # of float64 logits
        sums = values.sum(0, dtype=np.float64)
    whole = np.abs(sums - 1) <= TOLERANCE.get(dtype, _USUAL_TOLERANCE)
    near = lowest >= -_RINGING and highest <= 1 + _RINGING
    if near and whole.all():
        return "probabilities"
    if lowest >= 0 and any(np.abs(sums / total - 1).max() < _SCALED_TOLERANCE for total in _SCALED):
        raise DataError(
            f"{path} holds values whose sum over the classes is about {sums.mean():.0f} at every pixel, as of scaled "
            "probabilities. Divide them, so that they sum to one, or save the logits."
        )
    if whole.mean() < 0.5 and not (near and ((values >= 0) & (values <= 1)).mean() > 0.75):
        return "logits"
    raise DataError(
        f"{path} holds values of {lowest:.3g} to {highest:.3g} whose sum over the classes is {sums.min():.3g} to "
        f"{sums.max():.3g}, one at {whole.mean():.0%} of the pixels: neither probabilities, which sum to one at each, "
        "nor logits. Save what softmax gives, or what goes into it."
    )


def _of_numpy(path: Path, shape: Shape) -> tuple[np.ndarray, str]:
    with _readable(path), open_regular(path) as file:
        if path.suffix == ".npy":
            return _array(file, os.fstat(file.fileno()).st_size, path, shape)
        with ZipFile(LimitedFile(file)) as archive:
            entry = _only_entry(archive, path)
            with archive.open(entry) as handle:
                return _array(handle, entry.file_size, path, shape)


def _only_entry(archive: ZipFile, path: Path) -> ZipInfo:
    entries = archive.infolist()
    if len(entries) != 1:
        names = ", ".join(entry.filename.removesuffix(".npy")[:40] for entry in entries[:_MOST_ENTRIES]) or "none"
        raise DataError(
            f"{path} holds {len(entries)} arrays ({names!a}). Expected one: the probabilities or the logits of the "
            "image, np.savez(FILE, logits)."
        )
    if entries[0].compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise DataError(f"{path} is compressed in another way than np.savez_compressed does. Save it with that.")
    return entries[0]


def _array(handle: IO[bytes], size: int, path: Path, shape: Shape) -> tuple[np.ndarray, str]:
    """The array that begins here, of a record of ``size`` bytes."""
    found, dtype = read_npy_header(handle)
    _check_type(dtype.newbyteorder("=").name if dtype.kind == "f" else str(dtype), path)
    _check_shape(found, path, shape)
    if handle.tell() + prod(shape) * dtype.itemsize != size:
        raise ValueError(f"it has {size:,} bytes, other than its header says")
    handle.seek(0)
    array: np.ndarray = npy.read_array(handle, allow_pickle=False)
    handle.read(1)  # to the end, where a zip's checksum is compared
    return array.astype(array.dtype.newbyteorder("="), copy=False), array.dtype.name


def _of_torch(path: Path, shape: Shape) -> tuple[np.ndarray, str]:
    from pixcon_train.core.weight_files import read_structure, read_weights  # imports torch

    tensor = read_structure(path)
    if not hasattr(tensor, "dtype"):
        raise DataError(
            f"{path} holds a {type(tensor).__name__}. Expected the logits or probabilities of the image as a tensor "
            "alone: torch.save(logits.cpu().clone(), FILE)."
        )
    dtype = str(tensor.dtype).removeprefix("torch.")
    _check_type(dtype, path, (*_TYPES, "bfloat16"))
    _check_shape(tuple(tensor.shape), path, shape)
    needed, stored = tensor.numel() * tensor.element_size(), path.stat().st_size
    if stored > _MOST_STORED * needed + 2**20:
        raise DataError(
            f"{path} has {stored:,} bytes for a tensor of {needed:,}: it is a part of a larger one, which was saved as "
            "a whole. Save torch.save(logits.clone(), FILE)."
        )
    content = read_weights(path).content
    if content.shape != tensor.shape or content.dtype != tensor.dtype:
        raise DataError(f"{path} has changed while it was read. Is it still being written? Start again.")
    return (content.float() if dtype == "bfloat16" else content).contiguous().numpy(), dtype


def _check_type(dtype: str, path: Path, known: tuple[str, ...] = _TYPES) -> None:
    if dtype not in known:
        raise DataError(
            f"{path} holds {dtype}. Expected probabilities or logits as floating-point numbers ({', '.join(known)}); "
            "labels alone are saved as a PNG."
        )


def _check_shape(found: tuple[int, ...], path: Path, expected: Shape) -> None:
    if found != expected:
        raise DataError(
            f"{path} has the shape {found}. Expected {expected}: the classes of the data set, then height and width of "
            f"the mask. {_remedy(found, expected)}"
        )


def _remedy(found: tuple[int, ...], expected: Shape) -> str:
    """What to do about another shape."""
    classes, *size = expected
    if found == (1, *expected):
        return "Save it without the batch dimension."
    if found == (*size, classes):
        return "Move the classes to the front: array.transpose(2, 0, 1)."
    if len(found) == 3 and found[0] == classes:
        return "Resize logits to the mask's size before they are saved."
    if len(found) == 3 and [*found[1:]] == size:
        return "Was it saved for another data set (--dataset)?"
    return "Save one array of each image."


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn whatever damage makes the readers raise into one error."""
    try:
        yield
    except DataError:
        raise
    except Exception as error:  # BadZipFile, zlib.error, SyntaxError, EOFError, UnicodeDecodeError, …
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
        raise DataError(f"{path} cannot be read: {reason[:200]!a}. Save it again, or remove it.") from None
