"""Self-describing checkpoints: each file holds the model, the data set, the configuration and the result.

The file is a zip of ``torch.save``: one dict of tensors, strings, numbers, lists and dicts.
Training resumes from ``latest.pth``; ``best_ema.pth`` and ``best_student.pth`` are of the epochs with the best mIoU of
the teacher and of the student, which differ by as much as the effects under study.
"""

from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter

from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.files import replacing
from pixcon_train.core.records import shortened, validated
from pixcon_train.core.weight_files import read_structure, read_weights
from pixcon_train.runs.file_names import CHECKPOINT_FORMAT, LATEST

FORMAT_VERSION = 1
_DESCRIPTIVE = ("data", "config", "metrics", "best")
"""Entries of any keys that descriptions and exports repeat."""


Count = Annotated[int, Field(ge=0, le=2**53)]


def _whole_lists(lists: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    if any({"path", "sha256", "text"} - stored.keys() for stored in lists.values()):
        raise ValueError("expected path, sha256 and text of each list")
    return lists


@dataclass(frozen=True)
class Checkpoint:
    """Content of a checkpoint file."""

    architecture: str
    """`unimatch_v2` or `pixcon`."""
    size: str
    num_classes: int
    projection: bool
    """Whether the state dicts hold ``proj_head.*``."""
    embedding_dim: int
    classes: list[str]
    palette: list[list[int]]
    data: dict[str, Any]
    """The data set's specification, as ``DatasetSpec.from_dict`` takes it."""
    root: str
    """Folder that the lists' paths are relative to."""
    lists: Annotated[dict[str, dict[str, str]], AfterValidator(_whole_lists)]
    """`labeled`, `unlabeled`, `val`: each with `path`, `sha256` and the whole `text` of the list."""
    config: dict[str, Any]
    """The resolved configuration."""
    version: str
    """Version of this package that wrote the file."""
    epoch: Count
    """Epochs finished (validated); 0 before the first one."""
    iteration: Count
    """Optimizer steps done."""
    metrics: dict[str, dict[str, Any]]
    """By `student` and `ema`: `miou`, `miou_zero` (both conventions) and `iou` per class of these weights; empty if
    they were not validated, as in the middle of an epoch."""
    best: dict[str, dict[str, int | float]]
    """By `student` and `ema`: `epoch`, `miou` and `score` (the mIoU that chose it) of the best validation."""
    student: dict[str, torch.Tensor]
    ema: dict[str, torch.Tensor]
    bank: dict[str, torch.Tensor] | None
    """The state of :class:`pixcon_train.method.class_bank.ClassBank`; None without a bank."""
    optimizer: dict[str, Any]
    scaler: dict[str, Any] | None
    """State of fp16 loss scaling; None at other precisions."""
    rng: dict[str, Any]
    """`seed`: every draw is a function of it, the epoch or iteration, and the position."""
    progress: dict[str, Any]
    """Progress within the epoch, and the sums of its running means."""
    rules: dict[str, dict[str, torch.Tensor]] = field(default_factory=dict)
    """By `threshold` and, with noise, `noise`: the state of the weak-to-strong branch's rules. Empty in files of
    versions that only had a fixed threshold."""


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write ``checkpoint`` to ``path`` atomically.

    Raises:
        PixConError: the file cannot be written (a full disk, say); a previous file is intact.
    """
    content = {entry.name: getattr(checkpoint, entry.name) for entry in fields(checkpoint)}
    with replacing(path) as temporary, temporary.open("wb") as handle:
        try:
            torch.save({"format": CHECKPOINT_FORMAT, "format_version": FORMAT_VERSION, **content}, handle)
        except RuntimeError as error:  # torch's zip writer raises this while it handles a failed write
            if isinstance(error.__context__, OSError):
                raise error.__context__ from None
            raise


def load_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint that this package wrote to ``path``, with tensors on the CPU.

    Raises:
        CheckpointError: no such file, not a checkpoint of this package, damaged, unsafe, or of a later format.
    """
    return parse_checkpoint(read_weights(path).content, path)


def describe_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint that this package wrote to ``path``, without the values of its tensors, which are on ``meta``.

    For questions about the run alone: no time or memory is spent on weights.

    Raises:
        CheckpointError: as :func:`load_checkpoint`, except for damage to the values of tensors.
    """
    return parse_checkpoint(read_structure(path), path)


def is_checkpoint(content: Any) -> bool:
    """Whether the content of a file is a checkpoint of this package."""
    return isinstance(content, dict) and content.get("format") == CHECKPOINT_FORMAT


def parse_checkpoint(content: Any, path: Path) -> Checkpoint:
    """``content`` of the file ``path`` as a checkpoint of this package.

    Raises:
        CheckpointError: it is none, is of a later format, or lacks an entry or has one of another type.
    """
    if not is_checkpoint(content):
        raise CheckpointError(f"{path} is no checkpoint of pixcon-train; expected one such as a run's {LATEST}.")
    version = content.get("format_version")
    if type(version) is not int or version != FORMAT_VERSION:
        raise CheckpointError(
            f"{path} has checkpoint format {shortened(version)}; this version reads format {FORMAT_VERSION}. Update "
            "pixcon-diag."
        )
    needed = [entry.name for entry in fields(Checkpoint) if entry.default_factory is MISSING]
    missing = [name for name in needed if name not in content]
    if missing:
        raise CheckpointError(f"{path} is incomplete: it lacks {', '.join(missing)}.")
    present = [entry.name for entry in fields(Checkpoint) if entry.name in content]
    try:
        typed = {name: validated(_types()[name], content[name], name) for name in present}
    except ValueError as error:
        raise CheckpointError(f"{path} is no checkpoint as pixcon-train writes them: {error}.") from None
    foreign = [name for name in _DESCRIPTIVE if not _is_plain(typed[name])]
    if foreign:
        raise CheckpointError(
            f"{path} is no checkpoint as pixcon-train writes them: {', '.join(foreign)} holds other values than "
            "numbers, texts, lists and dictionaries of them."
        )
    return Checkpoint(**typed)


def _is_plain(value: Any) -> bool:
    """Whether a nested value can be written as JSON; its levels are limited where the file is read."""
    if isinstance(value, dict):
        return all(isinstance(key, str | int) and _is_plain(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return isinstance(value, str | int | float | None)


@cache
def _types() -> dict[str, TypeAdapter[Any]]:
    """The type of each entry."""
    rule = ConfigDict(strict=True, arbitrary_types_allowed=True)
    kinds: dict[str, Any] = {entry.name: entry.type for entry in fields(Checkpoint)}
    return {name: TypeAdapter(kind, config=rule) for name, kind in kinds.items()}
