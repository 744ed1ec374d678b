"""Parts of a checkpoint file that several layouts share: state dicts, numbers, the bank."""

import math
import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from pixcon_diag.checkpoints.layouts.layout import State, Weights
from pixcon_diag.checkpoints.reading import CheckpointFile
from pixcon_diag.provenance import Scores
from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.pickle_values import Inert, shown
from pixcon_train.core.weight_checks import refuse_other_kinds
from pixcon_train.method.class_bank import bank_fill, require_bank

_LATEST = re.compile(r"(latest|last|ckpt$|checkpoint$|epoch)", re.IGNORECASE)
"""Names of files with the weights of the last epoch."""

EMA = "ema"
"""Key of an EMA network in files of other projects, beside `model` or `state_dict`."""


def ema_states(file: CheckpointFile, usual: str) -> dict[Weights, State]:
    """The EMA network under its ``usual`` key or as `ema`; empty where there is none.

    Raises:
        CheckpointError: the entry is no state dict, as the student must not be measured in its place.
    """
    content = file.content
    refuse_objects(file, usual, EMA)
    for key in (usual, EMA):
        if state := state_dict(content.get(key)):
            return {"ema": state}
        if _holds_tensors(content.get(key)):
            raise CheckpointError(
                f"{file.path}: its {key} has the keys {shown_keys(content[key])}, which are no weights of an EMA "
                "network alone. Expected a state dict: save the one to be measured with torch.save and give that file."
            )
    return {}


def refuse_objects(file: CheckpointFile, *keys: str) -> None:
    """Check that no network under ``keys`` is a Python object, which is not restored.

    Raises:
        CheckpointError: one is; another network must not be measured in its place.
    """
    for key in keys:
        if isinstance(found := file.content.get(key), Inert):
            raise CheckpointError(
                f"{file.path}: its {key} is a Python object ({shown(found.name)}) that could only be restored by "
                "running code from the file. Nothing was run. Expected a state dict: save the one to be measured with "
                "torch.save and give that file."
            )


def has_key(state: Mapping[str, Any], ending: str) -> bool:
    """Whether a state dict has a key, under any prefix of wrappers."""
    return any(key == ending or key.endswith(f".{ending}") for key in state)


def is_of_best_epoch(file: CheckpointFile) -> bool:
    """Whether a file's best mIoU is that of its own weights, judged by its name: not that of a latest checkpoint."""
    return not _LATEST.match(file.path.stem)


def stored_bank(saved: Any) -> State | None:
    """A saved bank with the number of entries of each class in `filled`; None where there is none."""
    saved = state_dict(saved)
    if saved is None or not {"queue", "ptr", "filled"} <= saved.keys():
        return None
    try:
        refuse_other_kinds({key: value for key, value in saved.items() if key != "filled"})
        require_bank(saved)
        return {**saved, "filled": bank_fill(saved)}
    except (IndexError, RuntimeError, ValueError, CheckpointError) as error:
        shapes = ", ".join(f"{shown(key)} {tuple(value.shape)}" for key, value in list(saved.items())[:6])
        reason = str(error).removesuffix(".")
        raise CheckpointError(
            f"The stored bank is damaged: {shapes}; {reason}. Expected queue (K, N, D), ptr (K,) and filled (K,)."
        ) from error


def scores(
    *,
    epoch: int | None,
    student: float | None = None,
    student_epoch: int | None = None,
    ema: float | None = None,
    ema_epoch: int | None = None,
) -> Scores:
    """Best values with their epochs; a best value of ``epoch`` is also the value at that epoch."""
    return Scores(
        epoch=epoch,
        student=student if epoch is not None and epoch == student_epoch else None,
        ema=ema if epoch is not None and epoch == ema_epoch else None,
        best_student=student,
        best_student_epoch=student_epoch,
        best_ema=ema,
        best_ema_epoch=ema_epoch,
    )


def state_dict(value: Any) -> State | None:
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
    inner = [item for part in value.values() if isinstance(part, Mapping) for item in part.values()]
    return any(isinstance(item, Tensor) for item in (*value.values(), *inner))


def section(content: Any, key: str) -> Mapping[str, Any]:
    """The dictionary under ``key``; an empty one where there is none."""
    found = content.get(key) if isinstance(content, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def number(value: Any) -> float | None:
    """A finite number, also from a tensor of one element; None for anything else."""
    scalar = isinstance(value, int | float) or (isinstance(value, Tensor) and value.numel() == 1)
    try:
        result = float(value) if scalar else math.nan
    except (OverflowError, RuntimeError):  # too large, complex, or without a value
        return None
    return result if math.isfinite(result) else None


def fraction(value: Any) -> float | None:
    """An mIoU as a fraction; files do not state the unit, and a value above 1 is in per cent."""
    stated = number(value)
    return stated if stated is None or stated <= 1 else stated / 100


def integer(value: Any) -> int | None:
    """A finite number, truncated to an integer; None for anything else."""
    whole = number(value)
    return None if whole is None else int(whole)


def epoch_of(file: CheckpointFile) -> int | None:
    """The epoch that a file states at its top, or as mmengine among its ``meta``; None where it states none."""
    stated = (content.get("epoch") for content in (file.content, section(file.content, "meta")))
    return next((epoch for epoch in map(integer, stated) if epoch is not None), None)


def shown_keys(content: Mapping[Any, Any]) -> str:
    """The first few keys, for a message."""
    keys = [ascii(str(key)[:80])[1:-1] for key in content]
    return ", ".join(keys[:6]) + (f", … ({len(keys)} in all)" if len(keys) > 6 else "") if keys else "(none)"
