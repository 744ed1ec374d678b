"""The check of the data before a measurement, once per process."""

from typing import get_args

from pixcon_diag.data.evaluation_data import EvaluationData, files_hash
from pixcon_train.core.progress import Notify, Progress, no_notes, silent
from pixcon_train.data.dataset_check import Images, check_data

_CHECKED: set[str] = set()
"""Data checked in this process, so that several checkpoints on one list check it once."""
_LEVELS = get_args(Images)


def check_once(
    data: EvaluationData,
    num_classes: int,
    *,
    images: Images = "size",
    progress: Progress = silent,
    notify: Notify = no_notes,
) -> None:
    """Raise for faulty data, before an hour is spent measuring them.

    Args:
        num_classes: of the network.
        images: how thoroughly images are checked.
        notify: called with the remarks of the check.

    Raises:
        DataError: the first finding.
    """
    identity = f"{data.info()} {num_classes} {files_hash(data)}"
    if f"{identity} {images}" in _CHECKED:
        return
    report = check_data(
        data.spec,
        data.source.root,
        data.pairs,
        encoding=data.encoding,
        num_classes=num_classes,
        images=images,
        progress=progress,
    )
    report.raise_for_findings()
    for note in report.notes:
        notify(f"note: {note}")
    _CHECKED.update(f"{identity} {level}" for level in _LEVELS[: _LEVELS.index(images) + 1])
