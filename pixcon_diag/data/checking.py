"""The look over the data before anything is measured on them, once in a process."""

from typing import get_args

from pixcon_diag.data.evaluation_data import EvaluationData, files_hash
from pixcon_train.core.progress import Notify, Progress, no_notes, silent
from pixcon_train.data.dataset_check import Images

_SOUND: set[str] = set()
"""Data that this process has looked over, so that several checkpoints on one list do not look again."""
_LEVELS = get_args(Images)


def check_once(
    data: EvaluationData,
    num_classes: int,
    *,
    images: Images = "size",
    progress: Progress = silent,
    notify: Notify = no_notes,
) -> None:
    """Raise where the data are not what they should be, before an hour is spent on them.

    Args:
        num_classes: of what is measured.
        images: how far images are looked at.
        notify: told what may be meant, and should be known.

    Raises:
        DataError: the first finding.
    """
    identity = f"{data.info()} {num_classes} {files_hash(data)}"
    if f"{identity} {images}" in _SOUND:
        return
    report = data.check(num_classes=num_classes, images=images, progress=progress)
    report.raise_for_findings()
    for note in report.notes:
        notify(f"note: {note}")
    _SOUND.update(f"{identity} {level}" for level in _LEVELS[: _LEVELS.index(images) + 1])
