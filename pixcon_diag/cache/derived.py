"""Arrays computed from a cached pass, cached in its folder."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from pixcon_diag.cache.arrays import Arrays, key_digest, read_arrays, write_arrays
from pixcon_train.core.errors import PixConError

Value = TypeVar("Value")


def derived(
    folder: Path | None,
    name: str,
    key: Mapping[str, Any],
    compute: Callable[[], Arrays],
    read: Callable[[Arrays], Value],
) -> Value:
    """What the arrays of ``compute`` stand for; they are read from ``folder`` where they are cached under ``key``.

    A damaged file is replaced; in a folder that cannot be written nothing is cached.

    Args:
        folder: of the pass that the arrays follow from; None caches nothing.
        name: the first part of the file's name.
        key: everything beside that pass that the arrays depend on, ready for JSON.
        compute: computes the arrays.
        read: gives what the arrays stand for, and raises ValueError where they are not those of ``compute``.
    """
    if folder is None:
        return read(compute())
    file = folder / f"{name}-{key_digest(key)}.npz"
    with suppress(Exception):  # whatever is wrong with it, the file is replaced
        return read(read_arrays(file))
    arrays = compute()
    with suppress(PixConError):
        write_arrays(file, arrays)
    return read(arrays)
