"""Checkpoints of CW-BASS v2's release: PixCon's with the mIoUs of their own epoch, in per cent."""

from typing import Any

from pixcon_diag.checkpoints.layouts.fields import integer, number, refuse_objects, section, state_dict
from pixcon_diag.checkpoints.layouts.layout import Layout, LayoutReader, State, Weights
from pixcon_diag.checkpoints.reading import CheckpointFile
from pixcon_diag.provenance import Scores

_STATE = "model_state_dict"


def _matches(file: CheckpointFile) -> bool:
    return bool(state_dict(file.content.get(_STATE)) and state_dict(section(file.content, "teacher").get(_STATE)))


def _read(file: CheckpointFile) -> Layout:
    content = file.content
    refuse_objects(file, "teacher")
    found = {"ema": section(content, "teacher").get(_STATE), "student": content.get(_STATE)}
    states: dict[Weights, State] = {which: state_dict(state) or {} for which, state in found.items()}  # type: ignore[misc]
    stated = Scores(
        epoch=integer(content.get("epoch")),
        student=_per_cent(content.get("mIOU")),
        ema=_per_cent(content.get("mIOU_ema")),
        best_student=_per_cent(content.get("best_miou")),
        best_student_epoch=integer(content.get("best_epoch")),
        best_ema=_per_cent(content.get("best_miou_ema")),
        best_ema_epoch=integer(content.get("best_epoch_ema")),
    )
    return Layout("CW-BASS v2 checkpoint", states, stated)


def _per_cent(value: Any) -> float | None:
    stated = number(value)
    return None if stated is None else stated / 100


LAYOUT = LayoutReader(f"a checkpoint of CW-BASS v2 ({_STATE}, teacher)", _matches, _read)
