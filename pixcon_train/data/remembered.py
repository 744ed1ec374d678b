"""Data that the user has named on this machine, kept in the user's cache.

A checkpoint records the root and lists of its training. They are used without a question where the user has named them,
by training with them or as an option of a measurement: a file from someone else cannot know of that, nor forge it.
"""

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from pixcon_train.core.files import read_bytes
from pixcon_train.core.paths import resolved
from pixcon_train.data.digits import cache_folder

FILE = "named-data.txt"
"""A hash per line."""
_LARGEST = 2**24
"""Bytes of the file that are read."""


def remember_root(root: Path) -> None:
    """Note that the user has named a data root."""
    _note(_root(root))


def remember_list(root: Path, text: str) -> None:
    """Note that the user has named a list of this content under a data root."""
    _note(_root(root), _list(root, text))


def remember_path(path: Path) -> None:
    """Note that the user has named a file: a list, a data set's description, weights."""
    _note(_path(path))


def is_remembered_root(root: Path) -> bool:
    """Whether the user has named this data root."""
    return _root(root) in _noted()


def is_remembered_list(root: Path, text: str) -> bool:
    """Whether the user has named a list of this content under this data root."""
    return _list(root, text) in _noted()


def is_remembered_path(path: Path) -> bool:
    """Whether the user has named the file at this path."""
    return _path(path) in _noted()


def _root(root: Path) -> str:
    return _digest("root", str(resolved(root)))


def _list(root: Path, text: str) -> str:
    return _digest("list", str(resolved(root)), text)


def _path(path: Path) -> str:
    return _digest("path", str(resolved(path)))


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _noted() -> frozenset[str]:
    try:
        return frozenset(read_bytes(cache_folder() / FILE, _LARGEST).decode("ascii", "replace").split())
    except OSError:
        return frozenset()


def _note(*digests: str) -> None:
    noted = _noted()
    new = [digest for digest in digests if digest not in noted]
    if new:
        with suppress(OSError):  # then the user is asked
            cache_folder().mkdir(parents=True, exist_ok=True)
            with (cache_folder() / FILE).open("a", encoding="ascii") as file:
                file.write("".join(f"{digest}\n" for digest in new))
