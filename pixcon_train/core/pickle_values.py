"""What a pickle of ``torch.save`` may hold beside plain values: views of storages, and names that are not restored."""

from dataclasses import dataclass
from math import prod
from typing import Any

LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""First bytes of files of torch.save from before it wrote zip files."""
MOST_DIMENSIONS = 16
LONGEST_EMPTY = 2**20
"""Rows of a tensor without values."""
STORAGES = {
    "torch.FloatStorage": ("float32", 4),
    "torch.DoubleStorage": ("float64", 8),
    "torch.HalfStorage": ("float16", 2),
    "torch.BFloat16Storage": ("bfloat16", 2),
    "torch.LongStorage": ("int64", 8),
    "torch.IntStorage": ("int32", 4),
    "torch.ShortStorage": ("int16", 2),
    "torch.CharStorage": ("int8", 1),
    "torch.ByteStorage": ("uint8", 1),
    "torch.BoolStorage": ("bool", 1),
}
"""The classes of storages that are read, with the dtype and bytes of a value."""


class PickleError(ValueError):
    """A pickle holds what is not read; the message is the reason, in a few words."""


class Inert:
    """An object of a file that is not restored; only its name is kept.

    Two are equal only if they are one, whatever their names.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<{shown(self.name)}, not restored>"


class Function(Inert):
    """A function or class that a pickle names."""


class NumpyDtype(Inert):
    """A NumPy dtype by its code, such as ``f8``, and its byte order: ``<``, ``>``, ``|`` or ``=``."""

    def __init__(self, code: str) -> None:
        super().__init__("numpy.dtype")
        self.code, self.order = code, "="


class Storage(Inert):
    """The values of tensors, one after another in the file."""

    def __init__(self, key: str, dtype: str, itemsize: int, count: int) -> None:
        super().__init__("torch.storage")
        self.key, self.dtype, self.count, self.bytes = key, dtype, count, count * itemsize


@dataclass(frozen=True, eq=False)
class View:
    """A dense tensor: a part of a storage."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def bytes(self) -> int:
        """Bytes of its values."""
        return prod(self.shape) * (self.storage.bytes // max(self.storage.count, 1))


def storage_of(identifier: Any) -> Storage:
    """The storage of a persistent identifier.

    Raises:
        PickleError: it is none, is of another dtype, or has no values.
    """
    if not isinstance(identifier, tuple) or len(identifier) not in (5, 6) or identifier[5:] not in ((), (None,)):
        raise PickleError("it refers to something outside of it that is no storage of a tensor")
    what, kind, key, place, count = identifier[:5]
    if what != "storage" or not isinstance(kind, Function) or not (isinstance(key, str) and isinstance(place, str)):
        raise PickleError("it refers to something outside of it that is no storage of a tensor")
    if kind.name not in STORAGES:
        raise PickleError(f"it holds a tensor of {shown(kind.name)}; expected floats, integers or booleans")
    if place == "meta":
        raise PickleError("it holds a tensor without values (on the meta device)")
    return Storage(key, *STORAGES[kind.name], _whole(count))


def view_of(storage: Any, offset: Any, shape: Any, stride: Any) -> View:
    """A view of a storage, each value of which is used once at most.

    Raises:
        PickleError: it does not fit into the storage, or several of its values are the same one.
    """
    if not isinstance(storage, Storage) or not isinstance(shape, tuple) or not isinstance(stride, tuple):
        raise PickleError("it holds a tensor without a storage, shape or stride")
    if not len(shape) == len(stride) <= MOST_DIMENSIONS:
        raise PickleError(f"it holds a tensor of {len(shape)} dimensions with {len(stride)} strides")
    view = View(storage, _whole(offset), tuple(map(_whole, shape)), tuple(map(_whole, stride)))
    if 0 in view.shape:
        if max(view.shape) > LONGEST_EMPTY or view.offset > storage.count:
            raise PickleError(f"it holds a tensor of shape {view.shape} without a value")
        return View(storage, 0, view.shape, tuple(0 for _ in shape))
    long = sorted((step, size) for step, size in zip(view.stride, view.shape, strict=True) if size > 1)
    reach = [0, *(step * (size - 1) for step, size in long)]
    if view.offset + sum(reach) >= storage.count:
        raise PickleError(f"it holds a tensor of shape {view.shape} that exceeds its storage of {storage.count} values")
    if any(step <= sum(reach[: place + 1]) for place, (step, _) in enumerate(long)):
        raise PickleError(f"it holds a tensor of shape {view.shape} expanded from fewer values (stride {view.stride})")
    return view


def checked_text(value: str) -> str:
    """``value`` itself.

    Raises:
        PickleError: it has characters that no text has (halves of a pair), which could not be written again.
    """
    try:
        value.isascii() or value.encode()
    except UnicodeEncodeError:
        raise PickleError(f"it holds the text {shown(value)}, which is not Unicode") from None
    return value


def shown(name: str) -> str:
    """A name for a message: in ASCII, cut."""
    return ascii(name[:80])[1:-1]


def _whole(value: Any) -> int:
    if type(value) is not int:  # only named: a small file can hold a tuple that takes for ever to spell
        raise PickleError(f"it holds a tensor with a {type(value).__name__} as its size or position")
    if not 0 <= value < 2**62:
        raise PickleError(f"it holds a tensor with the size or position {value!r:.40}")
    return value
