"""Checkpoints of U²PL and AugSeg, which save the same entries."""

from pixcon_diag.checkpoints.layouts.fields import (
    fraction,
    has_key,
    integer,
    is_of_best_epoch,
    refuse_objects,
    scores,
    state_dict,
)
from pixcon_diag.checkpoints.layouts.layout import Layout, LayoutReader, State, Weights
from pixcon_diag.checkpoints.reading import CheckpointFile

_STUDENT, _EMA = "model_state", "teacher_state"


def _matches(file: CheckpointFile) -> bool:
    return any(state_dict(file.content.get(key)) for key in (_STUDENT, _EMA))


def _read(file: CheckpointFile) -> Layout:
    content = file.content
    refuse_objects(file, _EMA)
    states: dict[Weights, State] = {}
    if state := state_dict(content.get(_EMA)):
        states["ema"] = state
    if state := state_dict(content.get(_STUDENT)):
        states["student"] = state
    epoch, best = integer(content.get("epoch")), fraction(content.get("best_miou"))
    best_epoch = epoch if is_of_best_epoch(file) else None
    stated = (
        scores(epoch=epoch, ema=best, ema_epoch=best_epoch)
        if "ema" in states
        else scores(epoch=epoch, student=best, student_epoch=best_epoch)
    )
    first = next(iter(states.values()))
    name = "AugSeg" if has_key(first, "decoder.classifier.6.weight") else "U²PL"
    return Layout(f"{name} checkpoint", states, stated)


LAYOUT = LayoutReader(f"a checkpoint of U²PL or AugSeg ({_STUDENT}, {_EMA})", _matches, _read)
