"""Checkpoints of CorrMatch's release: a state dict alone in a file that is named by its mIoU."""

import re
from pathlib import Path

from pixcon_diag.checkpoints.layouts.fields import has_key, state_dict
from pixcon_diag.checkpoints.layouts.layout import Layout, LayoutReader
from pixcon_diag.checkpoints.reading import CheckpointFile
from pixcon_diag.provenance import Scores

_MIOU = re.compile(r"(?<![\d.])(\d{2}\.\d+)(?![\d.])")


def _matches(file: CheckpointFile) -> bool:
    state = state_dict(file.content)
    return state is not None and has_key(state, "corr.conv1.weight")


def _read(file: CheckpointFile) -> Layout:
    return Layout(
        "CorrMatch checkpoint", {"student": state_dict(file.content) or {}}, Scores(student=_named(file.path))
    )


def _named(path: Path) -> float | None:
    """The mIoU in a file's name, ``…_81.35.pth``; None where there is none."""
    found = _MIOU.findall(path.stem)
    return float(found[-1]) / 100 if found else None


LAYOUT = LayoutReader("a state dict of CorrMatch (corr.conv1.weight)", _matches, _read)
