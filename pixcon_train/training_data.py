"""The data of a run: three lists, looked over before training begins, and the data sets made of them."""

from dataclasses import dataclass
from pathlib import Path

from pixcon_train.config import DataConfig, TrainConfig
from pixcon_train.data.checks import check_data
from pixcon_train.data.datasets import EvaluationDataset, LabeledDataset, UnlabeledDataset
from pixcon_train.data.lists import Pair
from pixcon_train.data.sources import DataSource, open_dataset
from pixcon_train.data.specs import DatasetSpec
from pixcon_train.data.transforms import Geometry
from pixcon_train.errors import DataError
from pixcon_train.files import sha256
from pixcon_train.progress import Progress, silent


@dataclass(frozen=True)
class TrainingData:
    """What a run trains and validates on."""

    spec: DatasetSpec
    root: Path
    labeled: LabeledDataset
    unlabeled: UnlabeledDataset
    val: EvaluationDataset
    labeled_count: int
    """Labeled images; ``labeled`` repeats them."""
    lists: dict[str, dict[str, str]]
    """`labeled`, `unlabeled`, `val`: each with `path`, `sha256` and the whole `text` of the list."""


def open_training_data(config: TrainConfig, progress: Progress = silent) -> TrainingData:
    """The data that ``config`` names; every labeled and validation mask has been looked at once.

    Raises:
        ConfigError: no root, no list, or an unknown data set.
        DataError: a list, image or mask is missing, or not as declared.
    """
    data = config.data
    source = open_dataset(data.dataset, data.root)
    spec = source.spec
    paths = {
        "labeled": source.list_path(data.labeled, spec.labeled_list, "labeled"),
        "unlabeled": source.list_path(data.unlabeled, spec.unlabeled_list, "unlabeled"),
        "val": source.list_path(data.val, spec.val_list, "val"),
    }
    pairs = {name: source.read(path, masks_required=name != "unlabeled") for name, path in paths.items()}
    pairs["val"] = pairs["val"][: data.val_limit]
    encoding = source.encoding(data.labels, pairs["labeled"] + pairs["val"])
    check_data(
        spec, source.root, pairs["labeled"] + pairs["val"], encoding=encoding, progress=progress
    ).raise_for_findings()
    _check_present(source, pairs["unlabeled"])
    crops = geometry(data, spec)
    return TrainingData(
        spec=spec,
        root=source.root,
        labeled=LabeledDataset(
            spec,
            source.root,
            pairs["labeled"],
            crops,
            encoding=encoding,
            length=len(pairs["unlabeled"]),
            seed=config.seed,
        ),
        unlabeled=UnlabeledDataset(spec, source.root, pairs["unlabeled"], crops, seed=config.seed),
        val=EvaluationDataset(spec, source.root, pairs["val"], encoding=encoding),
        labeled_count=len(pairs["labeled"]),
        lists={name: describe_list(path) for name, path in paths.items()},
    )


def geometry(data: DataConfig, spec: DatasetSpec) -> Geometry:
    """How images are scaled and cropped."""
    base = spec.base_size if data.scale_of == "base" else None
    return Geometry(crop=data.crop, base_size=base, scale=(data.scale_min, data.scale_max))


def describe_list(path: Path) -> dict[str, str]:
    """A list as a checkpoint stores it."""
    return {"path": str(path.resolve()), "sha256": sha256(path), "text": path.read_text(encoding="utf-8")}


def _check_present(source: DataSource, pairs: list[Pair]) -> None:
    """Raise for unlabeled images that are not there; they are decoded only in training."""
    missing = [pair.image for pair in pairs if not (source.root / pair.image).is_file()]
    if missing:
        raise DataError(
            f"{len(missing)} of {len(pairs)} unlabeled images are missing, {source.root / missing[0]} for one. "
            "Check the list and the data root it is relative to."
        )
