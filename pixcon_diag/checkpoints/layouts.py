"""The layouts of checkpoint files met in the wild, told apart by their keys; what each one says of itself."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from pixcon_diag.checkpoints.reading import CheckpointFile
from pixcon_diag.provenance import Scores
from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.weight_checks import refuse_other_kinds
from pixcon_train.method.class_bank import bank_fill
from pixcon_train.runs.checkpoint import Checkpoint, is_checkpoint, parse_checkpoint
from pixcon_train.runs.export import FORMAT as EXPORT_FORMAT
from pixcon_train.runs.export import FORMAT_VERSION as EXPORT_VERSION

Weights = Literal["ema", "student", "unnamed"]
"""Which network; ``unnamed`` where a file holds one and does not say which."""

State = Mapping[str, Tensor]

NESTED, NESTED_EMA = "state_dict", "state_dict_ema"
"""Where MMSegmentation, Lightning and timm save a network within a file."""
EMA = "ema"
"""Where other trainers save an EMA network, beside `model` or `state_dict`."""


@dataclass(frozen=True)
class Layout:
    """What one file holds."""

    name: str
    states: dict[Weights, State]
    scores: Scores = field(default_factory=Scores)
    bank: State | None = None
    """As saved, but with the number of entries of each class in `filled`."""
    own: Checkpoint | None = None
    """What a checkpoint of this project says of its run, without tensors."""
    data: dict[str, Any] | None = None
    """Specification of the data set, where the file has it."""
    stated_of_part: bool = False
    """Whether its mIoUs are of a part of the validation list, and the file does not hold the list."""


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
    if _state(content.get("model_ema")) or _state(content.get("model")):
        return _unimatch_v2(content, file.path)
    if isinstance(content.get("teacher"), dict) or _state(content.get("student")):
        return _pixcon(content, file.path)
    if any(_state(content.get(key)) for key in (NESTED, NESTED_EMA, EMA)):
        return _nested(content, file.path)
    if state := _state(content):
        return Layout("bare state dict", {"unnamed": state})
    holders = [str(key) for key, value in content.items() if _state(value)]
    hint = f" Its entry {holders[0][:80]!a} holds weights: save that alone, with torch.save." if holders else ""
    raise CheckpointError(
        f"{file.path} has the keys {_some(content)}, which is no known layout. Expected a checkpoint of this project, "
        "of UniMatch V2 (model, model_ema), of PixCon (student, teacher), a state dict (tensors only), bare or as "
        f"`{NESTED}`.{hint}"
    )


def _own(checkpoint: Checkpoint) -> Layout:
    stated = checkpoint.metrics
    best = {which: _section(checkpoint.best, which) for which in ("student", "ema")}
    return Layout(
        "pixcon-train checkpoint",
        {"ema": checkpoint.ema, "student": checkpoint.student},
        Scores(
            epoch=checkpoint.epoch,
            student=_number(_section(stated, "student").get("miou")),
            ema=_number(_section(stated, "ema").get("miou")),
            best_student=_number(best["student"].get("miou")),
            best_student_epoch=_integer(best["student"].get("epoch")),
            best_ema=_number(best["ema"].get("miou")),
            best_ema_epoch=_integer(best["ema"].get("epoch")),
        ),
        bank=_bank(checkpoint.bank),
        own=replace(checkpoint, student={}, ema={}, bank=None, optimizer={}),
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
        weights, data = about["weights"], about["data"]
        if weights not in ("ema", "student") or not isinstance(data, dict):
            raise TypeError
        miou = {which: _number(_section(about["metrics"], which).get("miou")) for which in ("student", "ema")}
        scores = Scores(epoch=_integer(about["epoch"]), student=miou["student"], ema=miou["ema"])
        part = _section(_section(about, "config"), "data").get("val_limit") is not None
        return Layout("pixcon-train export", {weights: file.content}, scores, data=data, stated_of_part=part)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{file.path}: the description in its metadata is damaged. Export it again.") from error


def _nested(content: dict[str, Any], path: Path) -> Layout:
    states = _ema(content, NESTED_EMA, path)
    if state := _state(content.get(NESTED)):
        states["student" if states else "unnamed"] = state
    return Layout("nested state dict", states, Scores(epoch=_integer(content.get("epoch"))))


def _ema(content: dict[str, Any], usual: str, path: Path) -> dict[Weights, State]:
    """The EMA network under its ``usual`` key or as `ema`; empty where there is none.

    Raises:
        CheckpointError: there is one, but it is no state dict: the student must not be measured in its place.
    """
    for key in (usual, EMA):
        if state := _state(content.get(key)):
            return {"ema": state}
        if _holds_tensors(content.get(key)):
            raise CheckpointError(
                f"{path}: its {key} has the keys {_some(content[key])}, which are no weights of an EMA network alone. "
                "Expected a state dict: save the state dict to be measured with torch.save and give that file."
            )
    return {}


def _unimatch_v2(content: dict[str, Any], path: Path) -> Layout:
    states = _ema(content, "model_ema", path)
    if state := _state(content.get("model")):
        states["student"] = state
    epoch = _integer(content.get("epoch"))
    student, student_epoch = _fraction(content.get("previous_best")), _integer(content.get("best_epoch"))
    ema, ema_epoch = _fraction(content.get("previous_best_ema")), _integer(content.get("best_epoch_ema"))
    return Layout("UniMatch V2 checkpoint", states, _scores(epoch, student, student_epoch, ema, ema_epoch))


def _pixcon(content: dict[str, Any], path: Path) -> Layout:
    states: dict[Weights, State] = {}
    teacher = content.get("teacher")
    if isinstance(teacher, dict):
        state = _state(teacher.get("model_state_dict"))
        if state is None:
            raise CheckpointError(
                f"{path}: its teacher has the keys {_some(teacher)}; expected model_state_dict, as PixCon's files have."
            )
        states["ema"] = state
    if state := _state(content.get("student")):
        states["student"] = state
    ema, ema_epoch = _fraction(content.get("best_miou_ema")), _integer(content.get("best_epoch_ema"))
    scores = _scores(_integer(content.get("epoch")), None, None, ema, ema_epoch)
    return Layout("PixCon checkpoint", states, scores, bank=_bank(content.get("bank")))


def _bank(saved: Any) -> State | None:
    """A saved bank with the number of entries of each class in `filled`; None where there is none."""
    saved = _state(saved)
    if saved is None or not {"queue", "ptr", "filled"} <= saved.keys():
        return None
    try:
        refuse_other_kinds({key: value for key, value in saved.items() if key != "filled"})
        return {**saved, "filled": bank_fill(saved)}
    except (IndexError, RuntimeError, CheckpointError) as error:
        shapes = ", ".join(f"{key} {tuple(value.shape)}" for key, value in saved.items())
        raise CheckpointError(
            f"The stored bank is damaged: {shapes}. Expected queue (K, N, D), ptr (K,) and filled (K,)."
        ) from error


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


def _state(value: Any) -> State | None:
    """The tensors of a state dict, without plain numbers among them (counters); None for anything else."""
    if not isinstance(value, Mapping):
        return None
    if not all(isinstance(key, str) and isinstance(item, Tensor | int | float) for key, item in value.items()):
        return None
    return {key: item for key, item in value.items() if isinstance(item, Tensor)} or None


def _holds_tensors(value: Any) -> bool:
    """Whether a dictionary, or one within it, holds a tensor."""
    if not isinstance(value, Mapping):
        return False
    inner = [item for each in value.values() if isinstance(each, Mapping) for item in each.values()]
    return any(isinstance(item, Tensor) for item in (*value.values(), *inner))


def _section(content: Any, key: str) -> Mapping[str, Any]:
    """The dictionary under ``key``; an empty one where there is none."""
    found = content.get(key) if isinstance(content, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _number(value: Any) -> float | None:
    """A finite number, which may be a tensor of one; None for anything else."""
    scalar = isinstance(value, int | float) or (isinstance(value, Tensor) and value.numel() == 1)
    try:
        number = float(value) if scalar else math.nan
    except (OverflowError, RuntimeError):  # too large, complex, or without a value
        return None
    return number if math.isfinite(number) else None


def _fraction(value: Any) -> float | None:
    """An mIoU. Files do not say whether theirs is a fraction or per cent; one above 1 can only be the latter."""
    number = _number(value)
    return number if number is None or number <= 1 else number / 100


def _integer(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


def _some(content: Mapping[Any, Any]) -> str:
    """The first few keys, for a message."""
    keys = [ascii(str(key)[:80])[1:-1] for key in content]
    return ", ".join(keys[:6]) + (f", … ({len(keys)} in all)" if len(keys) > 6 else "") if keys else "(none)"
