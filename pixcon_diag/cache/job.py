"""The pass of one network over one list of images, reused from the cache or run and cached."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from pixcon_diag.cache.keys import made_by_another_version, pass_folder, pass_key
from pixcon_diag.cache.store import CONFIDENCE_MAPS, LABEL_MAPS, CachedPass, Store, manifests
from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.data.data_check import check_once
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.data.label_maps import ConfidenceMapFiles, LabelMapFiles
from pixcon_diag.passes.options import PassOptions
from pixcon_diag.passes.predictions import check_labels
from pixcon_diag.passes.saved_maps import maps_of
from pixcon_diag.passes.state import Statistics
from pixcon_diag.provenance import InferenceInfo
from pixcon_train.core.progress import Detail, Notify, Progress
from pixcon_train.core.void import void_of
from pixcon_train.data.dataset_check import Images

DEVICE_TYPES = ("cuda", "mps", "xpu", "cpu")
"""Devices whose cached passes are reused where none is requested, in order of preference."""

_NAMED: set[tuple[Path, str]] = set()
"""Folders and checkpoints whose passes of another version were named in this process."""


@dataclass(frozen=True)
class PassResult:
    """A pass over all images, as numbers."""

    state: Mapping[str, np.ndarray]
    """The collector's sufficient statistics."""
    inference: InferenceInfo
    """How the network was run."""
    maps: LabelMapFiles | None
    """The label maps, where they are cached."""
    confidence: ConfidenceMapFiles | None
    """The confidence maps, where they are cached."""
    folder: Path | None
    """Folder of the cached pass; None where it is not cached."""


@dataclass(frozen=True)
class PassJob:
    """A network, its images, the statistics to count, and the folder of the cache."""

    checkpoint: LoadedCheckpoint
    data: EvaluationData
    options: PassOptions
    counted: Mapping[str, Any]
    """The options that determine the statistics."""
    edges: tuple[float, ...] | None
    """Edges of the bins in which confidence maps are cached, next to label maps; None where no maps are cached."""
    cache: Path | None
    """Folder of passes; ``diag`` beside the checkpoint where None (not cached for a wrapped module)."""
    progress: Progress
    notify: Notify
    statistics: Statistics | None = None
    """What a cached state must have; None for anything."""
    share: tuple[int, int] | None = None
    """Rank and number of the processes that share the list; None for the whole list."""

    def cached(self) -> PassResult | None:
        """The complete cached pass, of any type of device where none is requested; None where there is none."""
        if self.folder is None:
            return None
        requested = self.options.device_type
        for store in (self.store(device) for device in ([requested] if requested else DEVICE_TYPES)):
            if store.claims_complete and (found := store.read()) is not None:
                store.tidy(found)
                return self.reuse(store, found)
        return None

    def reuse(self, store: Store, found: CachedPass) -> PassResult:
        """The result of a complete pass found in ``store``."""
        inference = replace(self.options.inference(""), **found.made)
        made = f"made on {inference.device}"
        self.notify(Detail(f"{self.checkpoint.name}: reusing the pass cached in {store.folder} ({made})."))
        return self.result(store, found, inference)

    def result(self, store: Store, found: CachedPass, inference: InferenceInfo) -> PassResult:
        """The result of a complete pass in ``store``."""
        state = store.state(found)
        if self.edges is None:
            return PassResult(state, inference, None, None, store.folder)
        labels, confidence = (
            tuple(store.folder / maps / name for name in found.maps[maps]) for maps in (LABEL_MAPS, CONFIDENCE_MAPS)
        )
        maps = LabelMapFiles(labels, void_of(self.data.spec.num_classes)), ConfidenceMapFiles(confidence, self.edges)
        return PassResult(state, inference, *maps, store.folder)

    def name_old_passes(self) -> None:
        """Notify, once per process, that the folder holds passes of this checkpoint by another version."""
        folder, sha256 = self.folder, self.checkpoint.info.sha256
        if folder is None or (folder, sha256) in _NAMED:
            return
        if any(made_by_another_version(manifest, sha256) for manifest in manifests(folder)):
            _NAMED.add((folder, sha256))
            self.notify(
                f"{self.checkpoint.name}: the passes of another version in {folder} are not reused; the network is run "
                "again. They can be removed."
            )

    @property
    def folder(self) -> Path | None:
        """Folder of passes; None where nothing is cached."""
        return self.cache or pass_folder(self.checkpoint)

    def store(self, device_type: str) -> Store:
        """The store of the pass made on a type of device."""
        assert self.folder is not None
        return Store(self.folder, {**self._key, "device": device_type}, self.statistics, len(self.images))

    @cached_property
    def _key(self) -> dict[str, Any]:
        key = pass_key(self.checkpoint, self.data, self.options, self.counted)
        return key if self.share is None else {**key, "part": list(self.share)}

    @property
    def images(self) -> range:
        """The job's range of the list, in whole batches, so that its batches are those of the undivided pass.

        A network's output depends in its last digits on the other images of the batch. Empty where there are more
        processes than batches.
        """
        rank, processes = self.share or (0, 1)
        images, size = len(self.data.pairs), self.options.batch_size
        batches = -(-images // size)
        first, last = (batches * part // processes * size for part in (rank, rank + 1))
        return range(min(first, images), min(last, images))

    def check_data(self) -> None:
        """Check the data before the network is run on them.

        Raises:
            DataError: the first finding.
        """
        classes, folder = self.checkpoint.info.num_classes, self.checkpoint.maps
        images: Images = "size" if folder is None else "none"
        check_once(self.data, classes, images=images, progress=self.progress, notify=self.notify)
        if folder is not None:
            check_labels(maps_of(folder, self.data), self.data, self.progress, self.notify)
