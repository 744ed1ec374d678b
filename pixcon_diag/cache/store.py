"""The cache of passes: a folder for each, found by its key, resumed where it stopped, verified when it is read."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from filelock import FileLock, Timeout

from pixcon_train.core.errors import PixConError
from pixcon_train.core.files import replacing, sha256, to_json, write_json
from pixcon_train.core.progress import Notify, no_notes

MANIFEST = "manifest.json"
MAPS = "predictions"


@dataclass(frozen=True)
class CachedPass:
    """The content of a folder."""

    done: int
    """Images that the state is of, from the list's first on."""
    total: int
    state: dict[str, np.ndarray]
    maps: dict[str, str]
    """Hashes of the label maps' files, in the list's order; empty for a pass that keeps none."""
    made: dict[str, Any]
    """How it was made, beyond the key: what may change a number in the last digits."""

    def __post_init__(self) -> None:
        if not 0 <= self.done <= self.total or (self.maps and len(self.maps) != self.done):
            raise ValueError(f"{self.done} of {self.total} images and {len(self.maps)} label maps do not agree")

    @property
    def complete(self) -> bool:
        """Whether the pass has ended."""
        return self.done == self.total


class Store:
    """The folder of one pass: a manifest, the sufficient statistics, and the predicted label maps.

    The manifest is written last and names the state's file with its hash, so that a crash at any moment leaves the
    previous save whole. Arrays are read without pickle: a store cannot run code.

    Args:
        parent: folder that holds the passes.
        key: everything the pass depends on, ready for JSON.
    """

    def __init__(self, parent: Path, key: Mapping[str, Any]) -> None:
        self.key = json.loads(to_json(dict(key)))
        digest = hashlib.sha256(json.dumps(self.key, sort_keys=True).encode()).hexdigest()
        self.folder = parent / digest[:16]

    @property
    def maps_folder(self) -> Path:
        """Where label maps lie."""
        return self.folder / MAPS

    @property
    def _lock_file(self) -> Path:
        return self.folder.with_suffix(".lock")

    @contextmanager
    def locked(self, notify: Notify = no_notes) -> Iterator[None]:
        """Keep other processes out; wait, and say so, while one is at work on this very pass.

        Raises:
            PixConError: the folder cannot be written.
        """
        lock = FileLock(self._lock_file)
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except Timeout:
            notify(f"another process is making this very pass ({self.folder}); waiting for it.")
            lock.acquire()
        except OSError as error:
            raise PixConError(f"Could not write {self.folder}: {error.strerror or error}.") from error
        try:
            yield
        finally:
            lock.release()

    @property
    def claims_complete(self) -> bool:
        """Whether the manifest says that the pass is complete; :meth:`read` verifies it."""
        try:
            manifest = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))
            return bool(manifest["done"] == manifest["total"])
        except _DAMAGE:
            return False

    def read(self, notify: Notify = no_notes) -> CachedPass | None:
        """The cached pass; None where there is none, or where it is damaged, which is notified."""
        if not (self.folder / MANIFEST).is_file():
            return None
        try:
            return self._read()
        except _DAMAGE as error:
            notify(f"the pass kept in {self.folder} is damaged ({error}); it is made again.")
            return None

    def _read(self) -> CachedPass:
        manifest = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["key"] != self.key:
            raise ValueError("it is of something else")
        file = self.folder / manifest["state"]
        _verify(file, manifest["sha256"])
        for name, expected in manifest["maps"].items():
            _verify(self.maps_folder / name, expected)
        # Opened here: np.load leaves the file open where the archive is damaged.
        with file.open("rb") as handle, np.load(handle, allow_pickle=False) as arrays:
            state = {name: arrays[name] for name in arrays.files}
        return CachedPass(manifest["done"], manifest["total"], state, manifest["maps"], manifest["made"])

    def write(self, cached: CachedPass) -> None:
        """Save what is known so far in place of the save before.

        Raises:
            PixConError: the folder cannot be written; the save before is intact.
        """
        file = self.folder / f"state-{cached.done:06d}.npz"
        with replacing(file) as temporary, temporary.open("wb") as handle:
            arrays: dict[str, Any] = cached.state  # savez types its keyword arguments as one of its own
            np.savez(handle, **arrays)
        about = {"done": cached.done, "total": cached.total, "maps": cached.maps, "made": cached.made}
        write_json(self.folder / MANIFEST, {"key": self.key, "state": file.name, "sha256": sha256(file), **about})
        for old in self.folder.glob("state-*.npz"):
            if old != file:
                old.unlink(missing_ok=True)

    def clear(self) -> None:
        """Make an empty folder for a new pass.

        Raises:
            PixConError: the folder cannot be written.
        """
        try:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.maps_folder.mkdir(parents=True)
        except OSError as error:
            raise PixConError(f"Could not write {self.folder}: {error.strerror or error}.") from error

    def remove(self) -> None:
        """Remove the folder and its lock."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock_file.unlink(missing_ok=True)


_DAMAGE = (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, BadZipFile)
"""What reading a store raises, by what is wrong with it: a file gone or cut, no JSON, no archive, pickled objects."""


def _verify(file: Path, expected: str) -> None:
    """Raise ValueError where a file is not what was written."""
    if sha256(file) != expected:
        raise ValueError(f"{file.name} has changed")
