"""Reading TensorBoard files of this project, UniMatch V2, CW-BASS v2 and PixCon, distinguished by their tags."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pixcon_diag.logs.event_files import EVENTS, Series, read_curves
from pixcon_diag.logs.history import EpochRecord, Evaluation, RunHistory, folder_name
from pixcon_diag.statistics.spread import NAN, mean
from pixcon_train.core.errors import DataError
from pixcon_train.core.paths import is_folder

_OLD_RETENTION = "epoch/mask_ratio"
"""This project's tag of retention before 0.1.0."""


class Dialect:
    """Tags and steps of one trainer's curves; the base class is this project's: by iteration, at epoch ends."""

    student, ema = "epoch/validation/student/miou", "epoch/validation/ema/miou"
    student_class, ema_class = "epoch/validation/student/iou/{}", "epoch/validation/ema/iou/{}"
    """Tags of class IoUs, with a placeholder for the name."""
    scale = 1.0
    """Factor from a written IoU to a fraction."""
    first_epoch = 1
    absent: Literal["skip", "zero"] = "skip"
    retention = "epoch/retention"
    threshold, class_threshold = "epoch/threshold", "epoch/thresholds/"
    contamination, replaced = "epoch/contamination", "epoch/replaced"
    bank_contamination = "epoch/bank/contamination"

    def __init__(self, curves: dict[str, Series]) -> None:
        self.curves = curves
        if _OLD_RETENTION in curves:
            self.curves = curves | {self.retention: curves[_OLD_RETENTION] | curves.get(self.retention, {})}
        self.losses = {tag.rpartition("/")[2]: tag for tag in curves if tag.startswith("epoch/losses/")}

    @classmethod
    def matches(cls, curves: dict[str, Series]) -> bool:
        """Whether the curves are of this trainer."""
        return cls.student in curves or cls.ema in curves

    def steps(self) -> dict[int, int]:
        """Step of each epoch."""
        return dict(enumerate(sorted(self.curves.get("epoch/losses/loss", {})), 1))

    def training(self, tag: str, step: int) -> float:
        """Mean of a training curve over the epoch that ends with ``step``; NaN if there is none."""
        return self._value(tag, step)

    def history(self, path: Path, name: str) -> RunHistory:
        """The run."""
        classes = self._classes()
        return RunHistory(
            name=name,
            source=str(path),
            format="tensorboard",
            classes=classes,
            first_epoch=self.first_epoch,
            epochs=tuple(self._epoch(epoch, step, classes) for epoch, step in self.steps().items()),
            absent=self.absent,
        )

    def _classes(self) -> tuple[str, ...]:
        """Class names in the order in which their curves begin, which is class order."""
        tags = "|".join(re.escape(tag).replace(r"\{\}", "(.+)") for tag in (self.student_class, self.ema_class))
        matches = (re.fullmatch(tags, tag) for tag in self.curves)
        return tuple(dict.fromkeys(match[1] or match[2] for match in matches if match))

    def _epoch(self, epoch: int, step: int, classes: tuple[str, ...]) -> EpochRecord:
        losses = {name: self.training(tag, step) for name, tag in self.losses.items() if tag in self.curves}
        by_class = [tag for tag in self.curves if tag.startswith(self.class_threshold)]
        return EpochRecord(
            epoch=epoch,
            student=self._evaluation(self.student, self.student_class, step, classes),
            ema=self._evaluation(self.ema, self.ema_class, step, classes),
            retention=self.training(self.retention, step),
            losses=losses,
            threshold=self._value(self.threshold, step),
            contamination=self._value(self.contamination, step),
            replaced=self._value(self.replaced, step),
            bank_contamination=self._value(self.bank_contamination, step),
            thresholds={tag.removeprefix(self.class_threshold): self._value(tag, step) for tag in by_class},
        )

    def _evaluation(self, tag: str, class_tag: str, step: int, classes: tuple[str, ...]) -> Evaluation:
        miou = self.scale * self._value(tag, step)
        iou = tuple(self.scale * self._value(class_tag.format(name), step) for name in classes)
        return Evaluation(miou, iou if miou == miou else ())

    def _value(self, tag: str, step: int) -> float:
        return self.curves.get(tag, {}).get(step, (0, NAN))[1]


class UniMatchV2(Dialect):
    """UniMatch V2: evaluations in per cent by epoch from 0, training curves by iteration."""

    student, ema = "eval/mIoU", "eval/mIoU_ema"
    student_class, ema_class = "eval/{}_IoU", "eval/{}_IoU_ema"
    scale = 0.01
    first_epoch = 0
    absent: Literal["skip", "zero"] = "zero"
    retention = "train/mask_ratio"

    def __init__(self, curves: dict[str, Series]) -> None:
        super().__init__(curves)
        self.losses = {"loss": "train/loss_all", "loss_x": "train/loss_x", "loss_u": "train/loss_s"}
        evaluations = curves.get(self.student) or curves[self.ema]
        self._written = {step: order for step, (order, _) in sorted(evaluations.items())}

    def steps(self) -> dict[int, int]:
        """Evaluations are written by epoch."""
        return {step: step for step in self._written}

    def training(self, tag: str, step: int) -> float:
        """Mean of the values written since the previous evaluation, as the length of an epoch is not recorded."""
        end = self._written[step]
        start = max((order for order in self._written.values() if order < end), default=-1)
        return mean([value for order, value in self.curves.get(tag, {}).values() if start < order < end])


class CWBASSv2(UniMatchV2):
    """CW-BASS v2: UniMatch V2's tags of evaluations, by epoch from 1, and the training curves' means by epoch."""

    first_epoch = 1
    absent = "skip"
    retention = "train/epoch_mask_ratio"

    def __init__(self, curves: dict[str, Series]) -> None:
        super().__init__(curves)
        self.losses = {"loss": "train/epoch_loss", "loss_x": "train/epoch_loss_x", "loss_u": "train/epoch_loss_s"}

    @classmethod
    def matches(cls, curves: dict[str, Series]) -> bool:
        """Whether the curves are of this trainer."""
        return super().matches(curves) and cls.retention in curves

    def training(self, tag: str, step: int) -> float:
        """The mean that is written with the evaluation."""
        return self._value(tag, step)


class PixConRelease(UniMatchV2):
    """PixCon's release: evaluations in per cent by epoch from 1, without class IoUs; training curves by iteration."""

    student, ema = "eval/miou", "eval/miou_ema"
    first_epoch = 1
    absent = "skip"
    retention = "train/mask"

    def __init__(self, curves: dict[str, Series]) -> None:
        super().__init__(curves)
        self.losses = {name: f"train/{name}" for name in ("loss", "loss_x", "loss_u", "loss_pix")}


DIALECTS = (Dialect, CWBASSv2, UniMatchV2, PixConRelease)


def read_tensorboard(path: Path) -> RunHistory:
    """The run in an event file, or in all event files of a folder together; of several runs the last one.

    Raises:
        DataError: no event file, a damaged one, or no tag of a known trainer.
    """
    files = sorted(path.glob(EVENTS)) if is_folder(path) else [path]
    if not files:
        raise DataError(f"No TensorBoard event file ({EVENTS}) in {path}. Give a run folder or a log file.")
    scalars = read_curves(files)
    curves = scalars.by_tag
    folder = files[0].absolute().parent
    name = folder_name(folder.parent if folder.name == "tensorboard" else folder)
    for dialect in DIALECTS:
        if dialect.matches(curves):
            return replace(dialect(curves).history(path, name), note=_note(scalars.earlier))
    tags = ", ".join(dict.fromkeys(dialect.ema for dialect in DIALECTS))
    raise DataError(
        f"{path} holds no mIoU per epoch: expected one of the tags {tags}; found "
        f"{', '.join(sorted(curves)[:8]) or 'no scalars'}."
    )


def _note(earlier: Sequence[Path]) -> str | None:
    """The note on earlier runs."""
    if not earlier:
        return None
    return (
        f"the folder holds several runs; these are the curves of the last one. Left out: "
        f"{', '.join(file.name for file in earlier)}. To read an earlier run, give its event file."
    )
