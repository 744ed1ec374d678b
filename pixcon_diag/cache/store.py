"""The cache of passes: a folder per pass, found by its key and verified when it is read."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pixcon_diag.cache.arrays import Arrays, as_json, key_digest, read_arrays, write_arrays
from pixcon_diag.cache.saved_state import SavedState, narrowed
from pixcon_diag.passes.state import Statistics
from pixcon_train.core.errors import PixConError
from pixcon_train.core.files import plain_name, read_json, remove_leftovers, sha256, write_json
from pixcon_train.core.locks import HOLDER, exclusive
from pixcon_train.core.paths import is_file
from pixcon_train.core.progress import Notify, no_notes

MANIFEST = "manifest.json"
LABEL_MAPS = "predictions"
CONFIDENCE_MAPS = "confidence"
MAPS = (LABEL_MAPS, CONFIDENCE_MAPS)
"""Folders of the maps, which a pass has of every image or of none."""

LARGEST_ARCHIVE = 2**32
"""Bytes of an archive of statistics: of 20,000 images and 150 classes they take some hundred megabytes."""
LARGEST_MAP = 2**29
"""Bytes of a map: two of each pixel of the largest image that is read, uncompressed."""

_MADE = {"batch_size": int, "device": str}
"""Types of the provenance in a manifest."""


@dataclass(frozen=True)
class CachedPass:
    """The content of a pass's folder."""

    done: int
    """Images that the state covers, from the start of the list."""
    total: int
    state: Arrays
    """All statistics but the rows of images that are in files of their own."""
    maps: dict[str, dict[str, str]]
    """By folder of :data:`MAPS`, hashes of the files in the order of the list; empty for a pass without maps."""
    made: dict[str, Any]
    """Provenance beyond the key, which may change a number in the last digits."""
    rows: dict[str, str] = field(default_factory=dict)
    """Hashes of the files with the rows of the first images, in the order of the list; the others are in the state."""

    def __post_init__(self) -> None:
        if not all(type(count) is int for count in (self.done, self.total)):
            raise ValueError("its counts of images are no integers")
        if set(self.maps) not in (set(), set(MAPS)):
            raise ValueError(f"it has maps of {', '.join(self.maps)} instead of {' and '.join(MAPS)}")
        counts = [len(files) for files in self.maps.values()]
        if not 0 <= self.done <= self.total or any(count != self.done for count in counts):
            raise ValueError(f"{self.done} of {self.total} images and {counts} maps do not agree")
        if not all(name in _MADE and type(value) is _MADE[name] for name, value in self.made.items()):
            raise ValueError("its provenance is malformed")

    @property
    def complete(self) -> bool:
        """Whether the pass is complete."""
        return self.done == self.total


def manifests(parent: Path) -> Iterator[Any]:
    """The contents of the manifests of all passes in a folder; damaged ones are skipped."""
    for file in sorted(parent.glob(f"*/{MANIFEST}")):
        with suppress(Exception):  # as in :meth:`Store.read`
            yield _manifest(file)


class Store:
    """The folder of one pass: a manifest, the sufficient statistics, label maps and confidence maps.

    The statistics of many images are in several files, each written once, so that neither memory nor a save grows with
    the number of images. The manifest is written last and names all files with their hashes, so that a crash at any
    moment leaves the previous save whole.

    Args:
        parent: folder that holds the passes.
        key: everything the pass depends on, ready for JSON.
        statistics: what a state must have.
        images: number of images of the whole pass; None for any.
    """

    def __init__(
        self, parent: Path, key: Mapping[str, Any], statistics: Statistics | None = None, images: int | None = None
    ) -> None:
        self.key, self.folder = as_json(key), parent / key_digest(key)
        self.statistics, self.images = statistics or Statistics(), images

    @property
    def _lock_file(self) -> Path:
        return self.folder.with_suffix(".lock")

    @contextmanager
    def locked(self, notify: Notify = no_notes) -> Iterator[None]:
        """Lock the pass, and remove what a killed process left; where another one holds the lock, notify and wait.

        Raises:
            PixConError: the folder cannot be written.
        """

        def wait(holder: str) -> None:
            notify(f"{holder} is making this pass ({self.folder}); waiting for it.")

        with exclusive(self._lock_file, wait, notify):
            remove_leftovers(self.folder)
            yield

    @property
    def claims_complete(self) -> bool:
        """Whether the pass is complete by its manifest; :meth:`read` verifies it."""
        try:
            manifest = _manifest(self.folder / MANIFEST)
            return bool(manifest["done"] == manifest["total"])
        except Exception:  # as in :meth:`read`
            return False

    def read(self, notify: Notify = no_notes) -> CachedPass | None:
        """The cached pass; None where there is none, or where it is damaged, after notifying.

        Raises:
            MemoryError: its arrays do not fit into memory.
        """
        if not is_file(self.folder / MANIFEST):
            return None
        try:
            return self._read()
        except MemoryError:  # the pass may be whole
            raise
        except Exception as error:  # the folder may hold anything, and its readers raise many classes
            reason = str(error) or type(error).__name__
            notify(f"the pass cached in {self.folder} is damaged ({reason}); it is run again.")
            return None

    def _read(self) -> CachedPass:
        manifest = _manifest(self.folder / MANIFEST)
        if manifest["key"] != self.key:
            raise ValueError("its key is another one")
        file = self.folder / plain_name(manifest["state"])
        _verify(file, manifest["sha256"], LARGEST_ARCHIVE)
        for name, expected in manifest["rows"].items():
            _verify(self.folder / plain_name(name), expected, LARGEST_ARCHIVE)
        for kind, hashes in manifest["maps"].items():
            for name, expected in hashes.items():
                _verify(self.folder / plain_name(kind) / plain_name(name), expected, LARGEST_MAP)
        state, counts = read_arrays(file), (manifest["done"], manifest["total"])
        found = CachedPass(*counts, state, manifest["maps"], manifest["made"], manifest["rows"])
        if self.images not in (None, found.total):
            raise ValueError(f"it is of {found.total} images instead of {self.images}")
        if found.done:
            whole = self.state(found)
            self.statistics.check(whole, complete=found.complete, images=found.done, headers=whole.headers)
        return found

    def state(self, found: CachedPass) -> SavedState:
        """All statistics of a pass found here.

        Raises:
            Exception: as :func:`pixcon_diag.cache.arrays.read_arrays`, for a damaged file of rows.
        """
        return SavedState([self.folder / name for name in found.rows], found.state)

    def write_rows(self, number: int, rows: Arrays) -> dict[str, str]:
        """Write the rows of the next images, which count once :meth:`write` names their file; its name and hash.

        Args:
            number: of the files of rows before it.
            rows: of the statistics of each image.

        Raises:
            PixConError: the folder cannot be written.
        """
        file = self.folder / f"rows-{number:05d}.npz"
        write_arrays(file, {name: narrowed(values) for name, values in rows.items()})
        return {file.name: sha256(file)}

    def write(self, cached: CachedPass) -> None:
        """Replace the previous save.

        Raises:
            PixConError: the folder cannot be written; the previous save is intact.
        """
        file = self.folder / _state_file(cached)
        write_arrays(file, cached.state)
        about = {name: getattr(cached, name) for name in ("done", "total", "rows", "maps", "made")}
        write_json(self.folder / MANIFEST, {"key": self.key, "state": file.name, "sha256": sha256(file), **about})
        for old in self._replaced(cached):
            old.unlink(missing_ok=True)

    def tidy(self, found: CachedPass) -> None:
        """Remove what a process left that was killed after it had saved the whole pass; ``found`` is that pass."""
        if not self._replaced(found) and not any(self.folder.glob(".*.tmp")):
            return
        with suppress(PixConError, OSError), self.locked():  # in a folder that cannot be written, it stays
            now = self.read()
            for old in self._replaced(now) if now is not None else ():
                old.unlink(missing_ok=True)

    def _replaced(self, cached: CachedPass) -> list[Path]:
        """Files of earlier saves than ``cached``."""
        own = (_state_file(cached), *cached.rows)
        files = (path for path in self.folder.glob("*.npz") if path.name.startswith(("state-", "rows-")))
        return [path for path in files if path.name not in own]

    def clear(self) -> None:
        """Make an empty folder for a new pass.

        Raises:
            PixConError: the folder cannot be written.
        """
        try:
            shutil.rmtree(self.folder, ignore_errors=True)
            for maps in MAPS:
                (self.folder / maps).mkdir(parents=True)
        except OSError as error:
            raise PixConError(f"Could not write {self.folder}: {error.strerror or error}.") from error

    def remove(self) -> None:
        """Remove the folder and its lock."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock_file.unlink(missing_ok=True)
        self._lock_file.with_suffix(HOLDER).unlink(missing_ok=True)


def _state_file(cached: CachedPass) -> str:
    return f"state-{cached.done:06d}.npz"


def _manifest(file: Path) -> Any:
    return read_json(file)


def _verify(file: Path, expected: str, largest: int) -> None:
    """Raise ValueError where a file has changed since it was written, or has more bytes than any of its kind."""
    if file.stat().st_size > largest or sha256(file) != expected:
        raise ValueError(f"{file.name} has changed")
