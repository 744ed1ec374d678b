"""Checkpoints of UniMatch V2's public release."""

from pixcon_diag.checkpoints.layouts.fields import ema_states, fraction, integer, scores, state_dict
from pixcon_diag.checkpoints.layouts.layout import Layout, LayoutReader
from pixcon_diag.checkpoints.reading import CheckpointFile

_STUDENT, _EMA = "model", "model_ema"


def _matches(file: CheckpointFile) -> bool:
    return any(state_dict(file.content.get(key)) for key in (_STUDENT, _EMA))


def _read(file: CheckpointFile) -> Layout:
    content = file.content
    states = ema_states(file, _EMA)
    if state := state_dict(content.get(_STUDENT)):
        states["student"] = state
    stated = scores(
        epoch=integer(content.get("epoch")),
        student=fraction(content.get("previous_best")),
        student_epoch=integer(content.get("best_epoch")),
        ema=fraction(content.get("previous_best_ema")),
        ema_epoch=integer(content.get("best_epoch_ema")),
    )
    return Layout("UniMatch V2 checkpoint", states, stated)


LAYOUT = LayoutReader(f"a checkpoint of UniMatch V2 ({_STUDENT}, {_EMA})", _matches, _read)
