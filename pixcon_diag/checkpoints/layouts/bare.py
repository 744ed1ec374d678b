"""A state dict alone."""

from pixcon_diag.checkpoints.layouts.fields import state_dict
from pixcon_diag.checkpoints.layouts.layout import Layout, LayoutReader
from pixcon_diag.checkpoints.reading import CheckpointFile


def _matches(file: CheckpointFile) -> bool:
    return bool(state_dict(file.content))


def _read(file: CheckpointFile) -> Layout:
    return Layout("bare state dict", {"unnamed": state_dict(file.content) or {}})


LAYOUT = LayoutReader("a state dict alone (tensors only)", _matches, _read)
