"""Arrays computed from a cached pass, cached in its folder."""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from pixcon_train.core.errors import PixConError
from pixcon_train.core.files import replacing, to_json

Arrays = dict[str, np.ndarray]

_DAMAGE = (OSError, ValueError, EOFError, BadZipFile)
"""What reading an archive raises that is missing, cut, changed (each array has a checksum) or holds pickled objects."""


def derived(folder: Path | None, name: str, key: Mapping[str, Any], make: Callable[[], Arrays]) -> Arrays:
    """What ``make`` computes: read from ``folder`` where it is cached under ``key``, else computed and cached there.

    A damaged file is made again; a folder that cannot be written is left as it is.

    Args:
        folder: of the pass that the arrays follow from; None caches nothing.
        name: what is computed, the first part of the file's name.
        key: everything beside that pass that the arrays depend on, ready for JSON.
        make: computes the arrays.
    """
    if folder is None:
        return make()
    digest = hashlib.sha256(json.dumps(json.loads(to_json(dict(key))), sort_keys=True).encode()).hexdigest()
    file = folder / f"{name}-{digest[:16]}.npz"
    with suppress(*_DAMAGE), file.open("rb") as handle, np.load(handle, allow_pickle=False) as archive:
        return {array: archive[array] for array in archive.files}
    arrays = make()
    with suppress(PixConError), replacing(file) as temporary, temporary.open("wb") as target:
        content: dict[str, Any] = arrays  # savez types its keyword arguments as one of its own
        np.savez(target, **content)
    return arrays
