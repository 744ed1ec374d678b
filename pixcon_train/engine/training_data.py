"""The data of a run: three lists, checked before training begins, and their data sets."""

from dataclasses import dataclass
from pathlib import Path

import torch

from pixcon_train.config.named_paths import remember_paths
from pixcon_train.config.schema import DataConfig, ThresholdConfig, TrainConfig
from pixcon_train.core.errors import ConfigError, DataError
from pixcon_train.core.files import read_text, sha256
from pixcon_train.core.paths import is_file, resolved
from pixcon_train.core.progress import Progress, silent
from pixcon_train.core.seeding import seeded
from pixcon_train.data.dataset_check import check_data
from pixcon_train.data.datasets import EvaluationDataset, LabeledDataset, UnlabeledDataset
from pixcon_train.data.lists import Pair
from pixcon_train.data.remembered import remember_list
from pixcon_train.data.sources import DataSource, open_dataset
from pixcon_train.data.specs import ONE_CLASS, DatasetSpec
from pixcon_train.data.transforms import Geometry
from pixcon_train.method.admission import RULES

CALIBRATED = ("per_class", "gate")
"""Threshold rules that hold out labeled images."""
_HELD_OUT = 21
"""Stream of random numbers that chooses the images held out."""


@dataclass(frozen=True)
class TrainingData:
    """The data that a run trains and validates on."""

    spec: DatasetSpec
    root: Path
    labeled: LabeledDataset
    unlabeled: UnlabeledDataset
    val: EvaluationDataset
    held_out: EvaluationDataset | None
    """Labeled images that calibrate thresholds and are not trained on; None where none are held out."""
    labeled_count: int
    """Labeled images to train on; ``labeled`` repeats them."""
    labeled_pixels: tuple[int, ...]
    """Labeled pixels per class, of all labeled images."""
    notes: tuple[str, ...]
    """Notes of the check of labeled and validation images."""
    lists: dict[str, dict[str, str]]
    """`labeled`, `unlabeled`, `val`: each with `path`, `sha256` and the whole `text` of the list."""


def open_training_data(config: TrainConfig, progress: Progress = silent) -> TrainingData:
    """The data of ``config``, after a check of every labeled and validation mask.

    Raises:
        ConfigError: no root, no list, an unknown data set, or one with a single class.
        DataError: a list, image or mask is missing, or not as declared.
    """
    data = config.data
    source = open_dataset(data.dataset, data.root)
    spec = source.spec
    if spec.num_classes == 1:
        raise ConfigError(f"{data.dataset} cannot be trained on: {ONE_CLASS[0].lower()}{ONE_CLASS[1:]}")
    paths = {
        "labeled": source.list_path(data.labeled, spec.labeled_list, "labeled"),
        "unlabeled": source.list_path(data.unlabeled, spec.unlabeled_list, "unlabeled"),
        "val": source.list_path(data.val, spec.val_list, "val"),
    }
    pairs = {name: source.read(path, masks_required=name != "unlabeled") for name, path in paths.items()}
    pairs["val"] = pairs["val"][: data.val_limit]
    remember_paths(config)
    for path in paths.values():
        remember_list(source.root, read_text(path))
    encoding = source.encoding(data.labels, pairs["labeled"] + pairs["val"])
    has_targets = _reads_targets(config, source, pairs["unlabeled"])
    others = pairs["val"] + (pairs["unlabeled"] if has_targets else [])
    reports = [
        check_data(spec, source.root, listed, encoding=encoding, progress=progress)
        for listed in (pairs["labeled"], others)
    ]
    for report in reports:
        report.raise_for_findings()
    _check_present(source, pairs["unlabeled"])
    crops = geometry(data, spec)
    held_out, trained = _hold_out(config, pairs["labeled"])
    return TrainingData(
        spec=spec,
        root=source.root,
        labeled=LabeledDataset(
            spec, source.root, trained, crops, encoding=encoding, length=len(pairs["unlabeled"]), seed=config.seed
        ),
        unlabeled=UnlabeledDataset(
            spec, source.root, pairs["unlabeled"], crops, seed=config.seed, targets=encoding if has_targets else None
        ),
        val=EvaluationDataset(spec, source.root, pairs["val"], encoding=encoding),
        held_out=EvaluationDataset(spec, source.root, held_out, encoding=encoding) if held_out else None,
        labeled_count=len(trained),
        labeled_pixels=reports[0].pixels,
        notes=tuple(note for report in reports for note in report.notes),
        lists={name: describe_list(path) for name, path in paths.items()},
    )


def geometry(data: DataConfig, spec: DatasetSpec) -> Geometry:
    """How images are scaled and cropped."""
    base = spec.base_size if data.scale_of == "base" else None
    return Geometry(crop=data.crop, base_size=base, scale=(data.scale_min, data.scale_max))


def describe_list(path: Path) -> dict[str, str]:
    """The entry of a list in a checkpoint."""
    return {"path": str(resolved(path)), "sha256": sha256(path), "text": read_text(path)}


def _reads_targets(config: TrainConfig, source: DataSource, unlabeled: list[Pair]) -> bool:
    """Whether the masks of the unlabeled list are read, for measurement.

    Raises:
        DataError: they are required and one is missing.
    """
    choice = config.data.unlabeled_truth
    informative = RULES[config.bank.rule].pixels == "unlabeled" or config.consistency.noise.rate > 0
    if choice == "never" or (choice == "auto" and not informative):
        return False
    without = next((p for p in unlabeled if p.mask is None or not is_file(source.root / p.mask)), None)
    if without is not None and choice == "always":
        raise DataError(
            f"data.unlabeled_truth=always needs a mask for every unlabeled image, but {without.image} has none "
            f"({without.mask or 'its line names no mask'}). Add it, or set data.unlabeled_truth=never."
        )
    return without is None


def _hold_out(config: TrainConfig, labeled: list[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Labeled images to calibrate thresholds on, and the others to train on.

    Raises:
        DataError: there is only one labeled image.
    """
    chosen = held_out_places(config.consistency.threshold, config.seed, len(labeled))
    if len(chosen) >= len(labeled):
        raise DataError(
            f"consistency.threshold.rule={config.consistency.threshold.rule} holds out {len(chosen)} of {len(labeled)} "
            "labeled images, which leaves none to train on. Give more labeled images or a smaller "
            "consistency.threshold.held_out."
        )
    return [p for i, p in enumerate(labeled) if i in chosen], [p for i, p in enumerate(labeled) if i not in chosen]


def held_out_places(threshold: ThresholdConfig, seed: int, images: int) -> frozenset[int]:
    """Places in the labeled list of ``images`` lines that a run with this seed holds out; empty for most rules."""
    if not threshold.reserve and threshold.rule not in CALIBRATED:
        return frozenset()
    count = max(1, round(threshold.held_out * images))
    generator = seeded(0 if threshold.reserve else seed, _HELD_OUT)
    return frozenset(torch.randperm(images, generator=generator)[:count].tolist())


def _check_present(source: DataSource, pairs: list[Pair]) -> None:
    """Raise for missing unlabeled images, which are decoded only in training."""
    missing = [pair.image for pair in pairs if not is_file(source.root / pair.image)]
    if missing:
        raise DataError(
            f"{len(missing)} of {len(pairs)} unlabeled images are missing, {source.root / missing[0]} for one. "
            "Check the list and the data root it is relative to."
        )
