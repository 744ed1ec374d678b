"""Checkpoints of PixCon's public release."""

from pixcon_diag.checkpoints.layouts.fields import (
    fraction,
    integer,
    refuse_objects,
    scores,
    shown_keys,
    state_dict,
    stored_bank,
)
from pixcon_diag.checkpoints.layouts.layout import Layout, LayoutReader, State, Weights
from pixcon_diag.checkpoints.reading import CheckpointFile
from pixcon_train.core.errors import CheckpointError


def _matches(file: CheckpointFile) -> bool:
    return isinstance(file.content.get("teacher"), dict) or bool(state_dict(file.content.get("student")))


def _read(file: CheckpointFile) -> Layout:
    content = file.content
    states: dict[Weights, State] = {}
    refuse_objects(file, "teacher")
    teacher = content.get("teacher")
    if isinstance(teacher, dict):
        state = state_dict(teacher.get("model_state_dict"))
        if state is None:
            raise CheckpointError(
                f"{file.path}: its teacher has the keys {shown_keys(teacher)}; expected model_state_dict, as PixCon's "
                "files have."
            )
        states["ema"] = state
    if state := state_dict(content.get("student")):
        states["student"] = state
    stated = scores(
        epoch=integer(content.get("epoch")),
        ema=fraction(content.get("best_miou_ema")),
        ema_epoch=integer(content.get("best_epoch_ema")),
    )
    return Layout("PixCon checkpoint", states, stated, bank=stored_bank(content.get("bank")))


LAYOUT = LayoutReader("a checkpoint of PixCon (student, teacher)", _matches, _read)
