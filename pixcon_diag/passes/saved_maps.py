"""Saved maps with confidence, described as what a pass measures in place of a network."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.data.saved_maps import SavedMaps, find_saved_maps, form_of_maps
from pixcon_diag.provenance import CheckpointInfo
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.progress import Progress, silent

if TYPE_CHECKING:  # maps whose pass is cached need no torch
    from pixcon_train.models.base import SegmentationModel


@dataclass(frozen=True)
class _NoNetwork:
    """The tensors of saved maps."""

    folder: Path
    bank: None = None

    @property
    def model(self) -> "SegmentationModel":
        """Never there.

        Raises:
            ConfigError: always.
        """
        raise ConfigError(
            f"{self.folder} holds saved maps, without a network and its features. Name the checkpoint itself for this."
        )


def maps_of(folder: Path, data: EvaluationData) -> SavedMaps:
    """The predictions of a list in a folder.

    Raises:
        DataError: as :func:`pixcon_diag.data.saved_maps.find_saved_maps`.
    """
    return find_saved_maps(folder, [pair.image for pair in data.pairs], data.spec.num_classes)


def checkpoint_of_maps(
    name: str, maps: SavedMaps, data: EvaluationData, edges: Sequence[float], progress: Progress = silent
) -> LoadedCheckpoint:
    """Saved maps with confidence as a checkpoint that has no network; its hash is that of the files of ``data``.

    Args:
        edges: thresholds that are counted, of which it is remarked if the files decide them up to rounding only.

    Raises:
        DataError: a file cannot be read.
    """
    form = form_of_maps(maps, data)
    remark = form.remark(edges)
    digest = hashlib.sha256("\n".join(maps.sha256(progress)).encode()).hexdigest()
    return LoadedCheckpoint(
        name=name,
        info=CheckpointInfo.of_maps(maps.folder, digest, form.text, data.spec.num_classes),
        protocol="native",  # nothing is resized here
        parameters=0,
        remarks=() if remark is None else (remark,),
        tensors=_NoNetwork(maps.folder),
        maps=maps.folder,
    )
