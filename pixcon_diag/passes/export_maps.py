"""Predictions of a network as files: labels with their confidence, or the scores of every class."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, Literal, get_args

import numpy as np
import torch

from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.data.class_order import in_order_of
from pixcon_diag.data.confidence_codes import KEYWORD, SCALE, encode_confidence
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.data.label_maps import encode_map, map_places, require_own_files
from pixcon_diag.data.saved_maps import CONFIDENCE, LABELS
from pixcon_diag.passes.options import RunChoice, pass_options
from pixcon_diag.passes.run import PredictedBatch, evaluation_dataset, run_pass
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.files import replacing
from pixcon_train.core.paths import exists
from pixcon_train.core.progress import Progress, silent
from pixcon_train.core.void import label_type
from pixcon_train.data.lists import Pair
from pixcon_train.evaluation.protocols import Kept

Format = Literal["png", "npz", "logits-npz", "logits-pt"]
FORMATS: tuple[Format, ...] = get_args(Format)
_SUFFIX = {"png": LABELS, "npz": ".npz", "logits-npz": ".npz", "logits-pt": ".pt"}
_KEPT: dict[Format, Kept | None] = {"png": None, "npz": "probabilities", "logits-npz": "logits", "logits-pt": "logits"}


@dataclass
class ExportedMaps:
    """What was written."""

    folder: Path
    format: Format
    images: int = 0
    files: list[Path] = field(default_factory=list)
    bytes: int = 0


def export_maps(
    checkpoint: LoadedCheckpoint,
    data: EvaluationData,
    folder: Path,
    format: Format = "png",  # as the option is called in words
    run: RunChoice | None = None,
    *,
    progress: Progress = silent,
) -> ExportedMaps:
    """Write a network's predictions of all images of ``data`` under their relative paths; masks are not read.

    Args:
        folder: other predictions in it stay.
        format: ``png``: labels, and confidences as codes of 16 bits; ``npz``: probabilities in float32; ``logits-npz``
            and ``logits-pt``: logits in float32.
        run: how the network is run.

    Raises:
        ConfigError: a file exists already, or logits are asked for with sliding windows, which average probabilities.
        DataError: an image cannot be read, or two images would share a file.
        PixConError: the folder cannot be written.
    """
    checkpoint = in_order_of(checkpoint, data.spec)
    options = replace(pass_options(checkpoint, data, run or RunChoice()), keep=_KEPT[format])
    if options.keep == "logits" and options.window is not None:
        raise ConfigError(
            "Sliding windows average probabilities, so there are no logits of whole images. Write probabilities "
            "(--as npz), or use --window 0."
        )
    images = [pair.image for pair in data.pairs]
    files = _targets(folder, images, _SUFFIX[format])
    unmasked = replace(data, pairs=tuple(Pair(image, None) for image in images))
    written = ExportedMaps(folder, format)
    write = _Writer(written, dict(zip(images, files, strict=True)), data)
    run_pass(checkpoint.model, evaluation_dataset(unmasked), [write], options, progress)
    return written


def _targets(folder: Path, images: Sequence[str], suffix: str) -> list[Path]:
    """The file of each image, none of which is there yet; a path that leads out of the folder becomes a name."""
    files = [map_places(folder, image, suffix)[1 if ".." in PurePosixPath(image).parts else 0] for image in images]
    require_own_files(files, images)
    for file in files:
        if exists(file) or exists(file.with_suffix(CONFIDENCE)):
            raise ConfigError(f"{file} exists already. Choose another folder, or remove what is there.")
    return files


@dataclass
class _Writer:
    """Writes each batch of a pass, every file whole or not at all."""

    written: ExportedMaps
    files: dict[str, Path]
    data: EvaluationData

    def __call__(self, batch: PredictedBatch) -> None:
        for place, name in enumerate(batch.names):
            if batch.inference.scores is None:
                self._write_maps(self.files[name], batch, place)
            else:
                self._write(self.files[name], batch.inference.scores[place].cpu())
            self.written.images += 1

    def _write_maps(self, file: Path, batch: PredictedBatch, place: int) -> None:
        spec = self.data.spec
        labels = batch.prediction[place].cpu().numpy().astype(label_type(spec.num_classes))
        codes = encode_confidence(batch.confidence[place].cpu().numpy())
        self._write(file, encode_map(labels, [part for color in spec.palette for part in color]))
        self._write(file.with_suffix(CONFIDENCE), encode_map(codes, None, text=(KEYWORD, SCALE)))

    def _write(self, file: Path, content: Any) -> None:
        with replacing(file) as temporary, temporary.open("wb") as handle:
            if isinstance(content, bytes):
                handle.write(content)
            elif self.written.format == "logits-pt":
                torch.save(content.clone(), handle)
            else:
                arrays: dict[str, np.ndarray] = {_KEPT[self.written.format] or "": content.numpy()}
                np.savez(handle, **arrays)  # type: ignore[arg-type]  # its keyword arguments are typed as one of its own
        self.written.files.append(file)
        self.written.bytes += file.stat().st_size
