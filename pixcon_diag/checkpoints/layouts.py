"""The layouts of checkpoint files met in the wild, told apart by their keys; what each one says of itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeGuard

from torch import Tensor

from pixcon_diag.checkpoints.reading import CheckpointFile
from pixcon_train.checkpoint import Checkpoint, is_checkpoint, parse_checkpoint
from pixcon_train.errors import CheckpointError
from pixcon_train.export import FORMAT as EXPORT_FORMAT
from pixcon_train.export import FORMAT_VERSION as EXPORT_VERSION

Weights = Literal["ema", "student", "unnamed"]
"""Which network; ``unnamed`` where a file holds one and does not say which."""

State = Mapping[str, Tensor]


@dataclass(frozen=True)
class Scores:
    """mIoUs that a file states, as fractions; None where it does not."""

    epoch: int | None = None
    """Epoch of the weights, as the file counts (UniMatch V2 from 0, this project epochs finished)."""
    student: float | None = None
    """The student's mIoU at that epoch."""
    ema: float | None = None
    """The EMA teacher's mIoU at that epoch."""
    best_student: float | None = None
    best_student_epoch: int | None = None
    best_ema: float | None = None
    best_ema_epoch: int | None = None


@dataclass(frozen=True)
class Layout:
    """What one file holds."""

    name: str
    states: dict[Weights, State]
    scores: Scores = field(default_factory=Scores)
    bank: State | None = None
    own: Checkpoint | None = None
    """The whole content of a checkpoint of this project."""
    data: dict[str, Any] | None = None
    """Specification of the data set, where the file has it."""


def recognise(file: CheckpointFile) -> Layout:
    """The layout of a file that has been read.

    Raises:
        CheckpointError: its keys are those of no known layout, or it is of a later version of this project.
    """
    content = file.content
    if is_checkpoint(content):
        return _own(parse_checkpoint(content, file.path))
    if file.metadata.get("format") == EXPORT_FORMAT:
        return _export(file)
    if _is_state(content.get("model_ema")) or _is_state(content.get("model")):
        return _unimatch_v2(content)
    if isinstance(content.get("teacher"), dict) or _is_state(content.get("student")):
        return _pixcon(content, file.path)
    if _is_state(content):
        return Layout("bare state dict", {"unnamed": content})
    raise CheckpointError(
        f"{file.path} has the keys {_some(content)}, which is no known layout. Expected a checkpoint of this project, "
        "of UniMatch V2 (model, model_ema), of PixCon (student, teacher), or a bare state dict (tensors only)."
    )


def _own(checkpoint: Checkpoint) -> Layout:
    stated = checkpoint.metrics
    best = {which: checkpoint.best.get(which) or {} for which in ("student", "ema")}
    return Layout(
        "pixcon-train checkpoint",
        {"ema": checkpoint.ema, "student": checkpoint.student},
        Scores(
            epoch=checkpoint.epoch,
            student=(stated.get("student") or {}).get("miou"),
            ema=(stated.get("ema") or {}).get("miou"),
            best_student=best["student"].get("miou"),
            best_student_epoch=best["student"].get("epoch"),
            best_ema=best["ema"].get("miou"),
            best_ema_epoch=best["ema"].get("epoch"),
        ),
        bank=checkpoint.bank,
        own=checkpoint,
        data=checkpoint.data,
    )


def _export(file: CheckpointFile) -> Layout:
    version = file.metadata.get("format_version")
    if version != EXPORT_VERSION:
        raise CheckpointError(
            f"{file.path} has weights format {version}; this version reads format {EXPORT_VERSION}. Update pixcon-diag."
        )
    try:
        about = json.loads(file.metadata["description"])
        weights, metrics = about["weights"], about["metrics"]
        miou = {which: (metrics.get(which) or {}).get("miou") for which in ("student", "ema")}
        scores = Scores(epoch=about["epoch"], student=miou["student"], ema=miou["ema"])
        return Layout("pixcon-train export", {weights: file.content}, scores, data=about["data"])
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise CheckpointError(f"{file.path}: the description in its metadata is damaged. Export it again.") from error


def _unimatch_v2(content: dict[str, Any]) -> Layout:
    states: dict[Weights, State] = {}
    if _is_state(content.get("model_ema")):
        states["ema"] = content["model_ema"]
    if _is_state(content.get("model")):
        states["student"] = content["model"]
    epoch = _integer(content.get("epoch"))
    student, student_epoch = _per_cent(content.get("previous_best")), _integer(content.get("best_epoch"))
    ema, ema_epoch = _per_cent(content.get("previous_best_ema")), _integer(content.get("best_epoch_ema"))
    return Layout("UniMatch V2 checkpoint", states, _scores(epoch, student, student_epoch, ema, ema_epoch))


def _pixcon(content: dict[str, Any], path: Path) -> Layout:
    states: dict[Weights, State] = {}
    teacher = content.get("teacher")
    if isinstance(teacher, dict):
        state = teacher.get("model_state_dict")
        if not _is_state(state):
            raise CheckpointError(
                f"{path}: its teacher has the keys {_some(teacher)}; expected model_state_dict, as PixCon's files have."
            )
        states["ema"] = state
    if _is_state(content.get("student")):
        states["student"] = content["student"]
    ema, ema_epoch = content.get("best_miou_ema"), _integer(content.get("best_epoch_ema"))
    # PixCon's files do not say whether this is a fraction or per cent; an mIoU above 1 can only be the latter.
    fraction = float(ema) if isinstance(ema, int | float) and ema <= 1 else _per_cent(ema)
    bank = content.get("bank")
    scores = _scores(_integer(content.get("epoch")), None, None, fraction, ema_epoch)
    return Layout("PixCon checkpoint", states, scores, bank=bank if _is_state(bank) else None)


def _scores(
    epoch: int | None, student: float | None, student_epoch: int | None, ema: float | None, ema_epoch: int | None
) -> Scores:
    """Best values with their epochs; each is the value of ``epoch`` too where the epochs are the same."""
    return Scores(
        epoch=epoch,
        student=student if epoch is not None and epoch == student_epoch else None,
        ema=ema if epoch is not None and epoch == ema_epoch else None,
        best_student=student,
        best_student_epoch=student_epoch,
        best_ema=ema,
        best_ema_epoch=ema_epoch,
    )


def _is_state(value: Any) -> TypeGuard[State]:
    """Whether a value is a non-empty dictionary of tensors by name, and nothing else."""
    if not isinstance(value, Mapping) or not value:
        return False
    return all(isinstance(key, str) and isinstance(item, Tensor) for key, item in value.items())


def _per_cent(value: Any) -> float | None:
    return float(value) / 100 if isinstance(value, int | float) else None


def _integer(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) else None


def _some(content: Mapping[Any, Any]) -> str:
    """The first few keys, for a message."""
    keys = [str(key) for key in content]
    return ", ".join(keys[:6]) + (f", … ({len(keys)} in all)" if len(keys) > 6 else "") if keys else "(none)"
