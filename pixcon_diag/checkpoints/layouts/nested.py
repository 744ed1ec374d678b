"""A state dict within a dictionary, as MMSegmentation, Lightning and timm save a network."""

from pixcon_diag.checkpoints.layouts.fields import EMA, ema_states, epoch_of, state_dict
from pixcon_diag.checkpoints.layouts.layout import Layout, LayoutReader
from pixcon_diag.checkpoints.reading import CheckpointFile
from pixcon_diag.provenance import Scores

_STUDENT, _EMA = "state_dict", "state_dict_ema"


def _matches(file: CheckpointFile) -> bool:
    return any(state_dict(file.content.get(key)) for key in (_STUDENT, _EMA, EMA))


def _read(file: CheckpointFile) -> Layout:
    states = ema_states(file, _EMA)
    if state := state_dict(file.content.get(_STUDENT)):
        states["student" if states else "unnamed"] = state
    return Layout("nested state dict", states, Scores(epoch=epoch_of(file)))


LAYOUT = LayoutReader(f"a state dict as `{_STUDENT}`, `{_EMA}` or `{EMA}`", _matches, _read)
