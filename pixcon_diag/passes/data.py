"""Which images a checkpoint is measured on: what the user says, else what the checkpoint knows of itself."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.result import DataInfo
from pixcon_train.checkpoint import Checkpoint
from pixcon_train.data.checks import DataReport, check_data
from pixcon_train.data.datasets import EvaluationDataset
from pixcon_train.data.lists import Pair, located, parse_list
from pixcon_train.data.reading import Encoding
from pixcon_train.data.sources import DataSource, locate, open_dataset
from pixcon_train.data.specs import DatasetSpec, get_spec, spec_for_class_count
from pixcon_train.errors import ConfigError
from pixcon_train.progress import Progress, silent


@dataclass(frozen=True)
class DataChoice:
    """What the user says about the data; None leaves it to the checkpoint or to the data set."""

    dataset: str | None = None
    """Name of a built-in data set, or path of a YAML file."""
    root: Path | None = None
    """Folder that the list's paths start from."""
    list_path: Path | None = None
    """File of ``IMAGE MASK`` lines."""
    limit: int | None = None
    """Only the first so many pairs."""
    labels: str = "auto"
    """How masks hold labels: ``auto`` looks at them; ``raw`` is ADE20K's official form."""


@dataclass(frozen=True)
class EvaluationData:
    """Pairs to measure, where they lie, and what their masks mean."""

    source: DataSource
    list_name: str
    pairs: tuple[Pair, ...]
    encoding: Encoding
    note: str | None = None
    """What was assumed and should be known, in a sentence."""
    limited: bool = False
    """Whether the user asked for a part of the list."""

    @property
    def spec(self) -> DatasetSpec:
        """The data set's specification."""
        return self.source.spec

    def dataset(self) -> EvaluationDataset:
        """The images and masks, in order; void is 255 whatever the files hold."""
        return EvaluationDataset(self.spec, self.source.root, self.pairs, encoding=self.encoding)

    def info(self) -> DataInfo:
        """The part of a result's provenance that says what was measured."""
        lines = "".join(f"{pair.image} {pair.mask}\n" for pair in self.pairs)
        return DataInfo(
            dataset=self.spec.name,
            classes=self.spec.classes,
            root=str(self.source.root.resolve()),
            list_name=self.list_name,
            list_sha256=hashlib.sha256(lines.encode()).hexdigest(),
            images=len(self.pairs),
            labels=self.encoding,
        )

    def check(
        self, *, num_classes: int | None = None, decode_images: bool = False, progress: Progress = silent
    ) -> DataReport:
        """Look at every pair before anything is measured (measurements, section 9).

        Args:
            num_classes: of the model to be measured.
            decode_images: read images whole, not just their size.
        """
        return check_data(
            self.spec,
            self.source.root,
            self.pairs,
            encoding=self.encoding,
            num_classes=num_classes,
            decode_images=decode_images,
            progress=progress,
        )


Split = Literal["val", "labeled", "unlabeled"]
"""Which of a data set's lists: what is validated on, or what a run is trained on."""


def choose_data(choice: DataChoice, checkpoint: LoadedCheckpoint | None = None, split: Split = "val") -> EvaluationData:
    """The data to measure ``checkpoint`` on.

    The data set is the one asked for, else the checkpoint's own, else the public one with its number of classes (which
    is said in ``note``). Root and list (of validation, or of another ``split``) are those asked for, else those that
    the checkpoint was trained with if it is measured on its own data set, else PIXCON_DATA_ROOT and the data set's own
    list.

    Raises:
        ConfigError: the data set or its root is not known, or the options contradict it.
        DataError: the root or the list is missing, or the list is empty or malformed.
    """
    own = checkpoint.own if checkpoint is not None else None
    if own is not None and choice.dataset is not None and get_spec(choice.dataset).to_dict() != own.data:
        own = None  # another data set, or another description of it: what the user says counts
    source, note = _source(choice, checkpoint, own)
    name, pairs = _pairs(choice, source, own, split)
    labels = choice.labels if own is None or choice.labels != "auto" else own.config["data"]["labels"]
    measured = tuple(pairs[: choice.limit])
    note = note or (_fewer_in_training(choice, own, len(measured)) if split == "val" else None)
    limited = len(measured) < len(pairs)
    return EvaluationData(source, name, measured, source.encoding(labels, pairs), note, limited)


def _source(
    choice: DataChoice, checkpoint: LoadedCheckpoint | None, own: Checkpoint | None
) -> tuple[DataSource, str | None]:
    """Specification and root, and a word on what was assumed."""
    if own is not None:
        spec, root = DatasetSpec.from_dict(own.data), choice.root or Path(own.root)
        if root.is_dir() or choice.root is not None:
            return locate(spec, root), None
        found = locate(spec)
        return found, f"{root}, where it was trained, is not here; taking {found.root}."
    if choice.dataset is not None:
        return open_dataset(choice.dataset, choice.root), None
    if checkpoint is None:
        raise ConfigError("Which data set? Give --dataset NAME (or the path of its YAML file).")
    if checkpoint.data is not None:
        return locate(DatasetSpec.from_dict(checkpoint.data), choice.root), None
    return _guessed(choice, checkpoint.info.num_classes)


def _guessed(choice: DataChoice, num_classes: int) -> tuple[DataSource, str]:
    """The public data set with that many classes: all that a public file tells."""
    spec = spec_for_class_count(num_classes)
    if spec is None:
        raise ConfigError(
            f"The checkpoint does not say which data set it is for, and no public one has {num_classes} classes. "
            "Give --dataset with a YAML file of its class names."
        )
    note = f"the file names no data set; {num_classes} classes are taken for {spec.name} (--dataset says otherwise)."
    return locate(spec, choice.root), note


def _fewer_in_training(choice: DataChoice, own: Checkpoint | None, images: int) -> str | None:
    """Why the stated mIoU may differ from the one of this pass, where training validated on a part of the list."""
    limit = None if own is None else own.config["data"]["val_limit"]
    if limit is None or choice.list_path is not None or images == limit:
        return None
    return f"training validated on the first {limit} images of the list, this measures {images} (see --limit)."


def _pairs(choice: DataChoice, source: DataSource, own: Checkpoint | None, split: Split) -> tuple[str, list[Pair]]:
    """Name and pairs of the list."""
    if choice.list_path is None and own is not None:
        stored = own.lists[split]
        pairs = parse_list(stored["text"], stored["path"], masks_required=True)
        return stored["path"], located(pairs, source.root)
    spec = source.spec
    lists = {"val": spec.val_list, "labeled": spec.labeled_list, "unlabeled": spec.unlabeled_list}
    path = source.list_path(choice.list_path, lists[split], "validation" if split == "val" else split)
    return str(path), source.read(path)
