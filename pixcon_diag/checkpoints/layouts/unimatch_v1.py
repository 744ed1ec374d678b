"""Checkpoints of UniMatch V1 and of PrevMatch and Beyond-Pixels, which save the same entries: one network, no EMA."""

from pixcon_diag.checkpoints.layouts.fields import (
    fraction,
    has_key,
    integer,
    is_of_best_epoch,
    scores,
    state_dict,
)
from pixcon_diag.checkpoints.layouts.layout import Layout, LayoutReader
from pixcon_diag.checkpoints.reading import CheckpointFile

_MODEL = "model"


def _matches(file: CheckpointFile) -> bool:
    state = state_dict(file.content.get(_MODEL))
    return state is not None and "model_ema" not in file.content and has_key(state, "backbone.conv1.0.weight")


def _read(file: CheckpointFile) -> Layout:
    epoch = integer(file.content.get("epoch"))
    stated = scores(
        epoch=epoch,
        student=fraction(file.content.get("previous_best")),
        student_epoch=epoch if is_of_best_epoch(file) else None,
    )
    return Layout("UniMatch V1 checkpoint", {"student": state_dict(file.content[_MODEL]) or {}}, stated)


LAYOUT = LayoutReader(f"a checkpoint of UniMatch V1, PrevMatch or Beyond-Pixels ({_MODEL})", _matches, _read)
