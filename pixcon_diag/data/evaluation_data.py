"""The images a checkpoint is measured on: those the user names, else those its file names."""

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pixcon_diag.checkpoints.description import RunRecord
from pixcon_diag.checkpoints.finding import may_be_run
from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.data.list_checks import NamedList
from pixcon_diag.provenance import DataInfo
from pixcon_train.core.errors import CheckpointError, ConfigError
from pixcon_train.core.files import paths_of
from pixcon_train.core.paths import expanded, is_file, is_folder, resolved
from pixcon_train.data.confinement import is_own_root, require_inside, require_own_file, require_own_root
from pixcon_train.data.digits import NAME as BUILT_IN
from pixcon_train.data.lists import Pair, located, parse_list, require_list
from pixcon_train.data.reading import Encoding
from pixcon_train.data.remembered import is_remembered_list, remember_root
from pixcon_train.data.sources import ROOT_VARIABLE, DataSource, existing_root, locate, open_dataset, require_root
from pixcon_train.data.specs import DatasetSpec, get_spec, spec_for_class_count


@dataclass(frozen=True)
class DataChoice:
    """The user's choice of data; None takes the value of the checkpoint or of the data set.

    Example:
        >>> DataChoice("digits", limit=10).labels
        'auto'
    """

    dataset: str | None = None
    """Name of a built-in data set, or path of a YAML file."""
    root: Path | None = None
    """Folder that the paths in the list are relative to."""
    list_path: Path | None = None
    """File of ``IMAGE MASK`` lines."""
    limit: int | None = None
    """Number of pairs from the start of the list."""
    labels: str = "auto"
    """Form of the labels in masks: ``auto`` detects it; ``raw`` is ADE20K's official form."""
    allow_outside: bool = False
    """Whether a checkpoint may name any root and list: otherwise only a root that the user has named on this machine,
    and paths that stay under it."""

    def __post_init__(self) -> None:
        paths_of(self, "root", "list_path")


@dataclass(frozen=True)
class EvaluationData:
    """Image and mask pairs, their folder, and the meaning of the masks' labels."""

    source: DataSource
    list_name: str
    pairs: tuple[Pair, ...]
    encoding: Encoding
    note: str | None = None
    """An assumption that the user should know of, in a sentence."""
    limited: bool = False
    """Whether the user limited the list."""

    @property
    def spec(self) -> DatasetSpec:
        """The data set's specification."""
        return self.source.spec

    def info(self) -> DataInfo:
        """The provenance of the data."""
        lines = "".join(f"{pair.image} {pair.mask}\n" for pair in self.pairs)
        return DataInfo(
            dataset=self.spec.name,
            classes=self.spec.classes,
            root=str(resolved(self.source.root)),
            list_name=self.list_name,
            list_sha256=hashlib.sha256(lines.encode()).hexdigest(),
            images=len(self.pairs),
            labels=self.encoding,
        )


Split = Literal["val", "labeled", "unlabeled"]
"""A list of a data set: of validation or of training."""


def choose_data(choice: DataChoice, checkpoint: LoadedCheckpoint | None = None, split: Split = "val") -> EvaluationData:
    """The data to measure ``checkpoint`` on.

    The data set is the chosen one, else the checkpoint's, else the public one with its number of classes (stated in
    ``note``). Root and list (of validation, or of another ``split``) are the chosen ones, else those of training if the
    data set is that of training, else PIXCON_DATA_ROOT and the list of the data set.

    Raises:
        ConfigError: the data set or its root is not known, or the options contradict it.
        DataError: the root or the list is missing, or the list is empty or malformed.

    Example:
        >>> data = choose_data(DataChoice("digits", limit=10))
        >>> len(data.pairs), data.spec.num_classes
        (10, 11)
    """
    run = _training_run(choice, checkpoint)
    source, note = _source(choice, checkpoint, run)
    name, pairs = _pairs(choice, source, checkpoint, run, split, masks_required=True)
    measured = tuple(pairs[: choice.limit])
    note = note or (_fewer_in_training(choice, run, len(measured)) if split == "val" else None)
    limited = len(measured) < len(pairs)
    return EvaluationData(source, name, measured, source.encoding(_labels(choice, run), pairs), note, limited)


def choose_unlabeled(
    choice: DataChoice, checkpoint: LoadedCheckpoint | None, path: Path | None = None
) -> EvaluationData:
    """The images of an unlabeled list: of the one at ``path``, else of training, else of the data set.

    Masks that are missing are None, and the others serve to verify an estimate.

    Raises:
        ConfigError, DataError: as of :func:`choose_data`; images without masks are no error.
    """
    run = _training_run(choice, checkpoint)
    source, note = _source(choice, checkpoint, run)
    name, pairs = _pairs(replace(choice, list_path=path), source, checkpoint, run, "unlabeled", masks_required=False)
    kept = _existing_masks(source, pairs[: choice.limit])
    encoding = source.encoding(_labels(choice, run), list(kept))
    return EvaluationData(source, name, kept, encoding, note, len(kept) < len(pairs))


def unlabeled_beside(data: EvaluationData, path: Path) -> EvaluationData:
    """The images of the unlabeled list at ``path``, of the same data set as ``data``; masks as of
    :func:`choose_unlabeled`.

    Raises:
        DataError: the list is missing, empty or malformed.
    """
    found = data.source.list_path(path, None, "unlabeled")
    pairs = data.source.read(found, masks_required=False)
    return EvaluationData(data.source, str(found), _existing_masks(data.source, pairs), data.encoding)


def _existing_masks(source: DataSource, pairs: list[Pair]) -> tuple[Pair, ...]:
    return tuple(
        Pair(pair.image, pair.mask if pair.mask is not None and is_file(source.root / pair.mask) else None)
        for pair in pairs
    )


def require_same_classes(checkpoint: LoadedCheckpoint, spec: DatasetSpec) -> None:
    """Require that a checkpoint predicts as many classes as a data set has.

    Raises:
        ConfigError: the numbers differ.
    """
    if checkpoint.info.num_classes != spec.num_classes:
        raise ConfigError(f"{checkpoint.info.source} {spec.misfit(checkpoint.info.num_classes)}")


def check_choice(choice: DataChoice, checkpoint: str) -> None:
    """Check what can be checked before a checkpoint is loaded; its files are not read.

    Args:
        checkpoint: file, folder or address. Only checkpoints of this project may name their data.

    Raises:
        ConfigError: the data set or its root is not known, or its masks have no such labels.
        DataError: the root or the list is missing.
    """
    if choice.root is not None:
        require_root(expanded(choice.root))
    if choice.dataset is not None and not may_be_run(checkpoint):
        source = open_dataset(choice.dataset, choice.root)
        source.require_labels(choice.labels)
        require_list(source.list_path(choice.list_path, source.spec.val_list, "validation"))


def choose_lists(
    choice: DataChoice,
    checkpoint: LoadedCheckpoint | None = None,
    *,
    labeled: Path | None = None,
    unlabeled: Path | None = None,
) -> tuple[DataSource, Encoding, tuple[NamedList, ...]]:
    """Data set, form of the masks, and all lists: those named, else those of training, else those of the data set.
    Where only training lists are named, a missing validation list is skipped.

    Raises:
        ConfigError, DataError: as for :func:`choose_data`.
    """
    run = _training_run(choice, checkpoint)
    source, _ = _source(choice, checkpoint, run)
    given: dict[Split, Path | None] = {"labeled": labeled, "unlabeled": unlabeled, "val": choice.list_path}
    lists = []
    for split, path in given.items():
        chosen = replace(choice, list_path=path)
        if not _has_list(chosen, source, run, split, others=labeled is not None or unlabeled is not None):
            continue
        name, pairs = _pairs(chosen, source, checkpoint, run, split, masks_required=split != "unlabeled")
        lists.append(NamedList(split, name, tuple(pairs[: choice.limit])))
    masks = [pair for named in lists if named.split != "unlabeled" for pair in named.pairs]
    return source, source.encoding(_labels(choice, run), masks), tuple(lists)


def _has_list(choice: DataChoice, source: DataSource, run: RunRecord | None, split: Split, *, others: bool) -> bool:
    """Whether there is a list of ``split`` to check."""
    if choice.list_path is not None:
        return True
    if run is not None:
        return split in run.lists
    default = _default_list(source.spec, split)
    return default is not None and (not others or split != "val" or is_file(source.root / default))


def _default_list(spec: DatasetSpec, split: Split) -> str | None:
    return {"val": spec.val_list, "labeled": spec.labeled_list, "unlabeled": spec.unlabeled_list}[split]


def _training_run(choice: DataChoice, checkpoint: LoadedCheckpoint | None) -> RunRecord | None:
    """The run of a checkpoint of this project that is measured on the data set of its training; None otherwise."""
    run = checkpoint.run if checkpoint is not None else None
    if run is not None and choice.dataset is not None and get_spec(choice.dataset).to_dict() != run.data:
        return None  # another data set, or another description of it: the user's choice takes precedence
    return run


def _labels(choice: DataChoice, run: RunRecord | None) -> str:
    return choice.labels if run is None or choice.labels != "auto" else run.settings.data.labels


def _source(
    choice: DataChoice, checkpoint: LoadedCheckpoint | None, run: RunRecord | None
) -> tuple[DataSource, str | None]:
    """Specification and root, with a note on an assumption."""
    if choice.root is not None:
        remember_root(existing_root(choice.root))
    if run is not None:
        spec = _recorded(run.data, checkpoint)
        if choice.root is not None:
            return locate(spec, choice.root), None
        return _of_training(spec, Path(run.root), _file(checkpoint), choice.allow_outside)
    if choice.dataset is not None:
        return open_dataset(choice.dataset, choice.root), None
    if checkpoint is None:
        raise ConfigError("Which data set? Give --dataset NAME (or the path of its YAML file).")
    if checkpoint.data is not None:
        return locate(_recorded(checkpoint.data, checkpoint), choice.root), None
    return _guessed(choice, checkpoint.info.num_classes)


def _of_training(spec: DatasetSpec, root: Path, named_by: str, allowed: bool) -> tuple[DataSource, str | None]:
    """The data of training under the recorded root, if it is the user's; else where such data are by default."""
    missing, foreign = not is_folder(root), not allowed and not is_own_root(root)
    if missing or (foreign and (spec.name == BUILT_IN or ROOT_VARIABLE in os.environ)):
        found = locate(spec)
        reason = "is not here" if missing else "was not named on this machine"
        return found, f"{root}, the folder of its training, {reason}; using {found.root}."
    if foreign:
        require_own_root(root, named_by)
    return locate(spec, root), None


def _file(checkpoint: LoadedCheckpoint | None) -> str:
    return "The checkpoint" if checkpoint is None else checkpoint.info.source


def _recorded(data: dict[str, Any], checkpoint: LoadedCheckpoint | None) -> DatasetSpec:
    """The data set that a checkpoint describes.

    Raises:
        CheckpointError: it describes none.
    """
    try:
        return DatasetSpec.from_dict(data)
    except ConfigError as error:
        raise CheckpointError(f"{_file(checkpoint)}: {error} Name its data set with --dataset.") from None


def _guessed(choice: DataChoice, num_classes: int) -> tuple[DataSource, str]:
    """The public data set with that many classes, as public files name none."""
    spec = spec_for_class_count(num_classes)
    if spec is None:
        raise ConfigError(
            f"The checkpoint does not name its data set, and no public one has {num_classes} classes. "
            "Give --dataset with a YAML file of its class names."
        )
    note = (
        f"the file names no data set; {num_classes} classes are assumed to be {spec.name} (--dataset overrides this)."
    )
    return locate(spec, choice.root), note


def _fewer_in_training(choice: DataChoice, run: RunRecord | None, images: int) -> str | None:
    """Why the stated mIoU may differ from that of this pass, where training validated on a part of the list."""
    limit = None if run is None else run.settings.data.val_limit
    if limit is None or choice.list_path is not None or images == limit:
        return None
    return f"training validated on the first {limit} images of the list; {images} are measured here (see --limit)."


def _pairs(
    choice: DataChoice,
    source: DataSource,
    checkpoint: LoadedCheckpoint | None,
    run: RunRecord | None,
    split: Split,
    *,
    masks_required: bool,
) -> tuple[str, list[Pair]]:
    """Name and pairs of the list; one that a checkpoint names stays under the root, unless the user has named it."""
    if choice.list_path is None and run is not None and split in run.lists:
        stored = run.lists[split]
        pairs = located(parse_list(stored["text"], stored["path"], masks_required=masks_required), source.root)
        if not choice.allow_outside and not is_remembered_list(source.root, stored["text"]):
            require_inside(pairs, source.root, f"The {split} list in {_file(checkpoint)}")
        return stored["path"], pairs
    what = "validation" if split == "val" else split
    path = source.list_path(choice.list_path, _default_list(source.spec, split), what)
    described = checkpoint is not None and checkpoint.data is not None and choice.dataset is None
    if described and choice.list_path is None and not choice.allow_outside:
        require_own_file(path, source.root, _file(checkpoint), f"its {what} list")
    return str(path), source.read(path, masks_required=masks_required)


def files_hash(data: EvaluationData) -> str:
    """Hash of sizes and times of all images and masks, so that a changed file invalidates cached passes."""
    digest = hashlib.sha256()
    for pair in data.pairs:
        for name in (pair.image, pair.mask):
            try:
                status = (data.source.root / str(name)).stat()
                digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
            except OSError:
                digest.update(f"{name} missing\n".encode())  # the check of the data reports it
    return digest.hexdigest()
