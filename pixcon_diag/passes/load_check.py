"""The load check: the measured mIoU against the mIoU that the file states for the same weights."""

import math
from dataclasses import replace

from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.passes.options import PassOptions, RunChoice, pass_options
from pixcon_diag.provenance import CheckpointInfo, LoadCheck
from pixcon_train.data.lists import located, parse_list
from pixcon_train.evaluation.iou_result import IoUResult

TOLERANCE = 0.003
"""Difference of the mIoUs that indicates an error; precision and resizing change far less."""


def stated_miou(info: CheckpointInfo) -> float | None:
    """The mIoU that a file states for the measured weights at their epoch; None where it states other epochs only."""
    return {"ema": info.scores.ema, "student": info.scores.student}.get(info.weights)


def check_load(
    checkpoint: LoadedCheckpoint, data: EvaluationData, passing: PassOptions, iou: IoUResult
) -> LoadCheck | None:
    """Compare the mIoU of a pass with the stated one; None where the file states none for these weights and images.

    A file of this project names the list of its mIoU, so measuring another list, or a part of it, is no reason to doubt
    the load. Other files name no list: their mIoU is compared unless the user limited the images. A class in neither
    target nor prediction may count as 0, as in UniMatch V2, or be excluded: the closer of both is compared.
    """
    stated, same_list = stated_miou(checkpoint.info), _same_list(checkpoint, data)
    if stated is None or same_list is None:
        return None
    candidates = (iou.miou("skip"),) if same_list else (iou.miou("skip"), iou.miou("zero"))
    measured = min(candidates, key=lambda miou: abs(miou - stated))
    check = LoadCheck(stated, measured, measured - stated, same_list)
    if not abs(check.difference) <= TOLERANCE:  # also for NaN, where no pixel is valid
        return replace(check, warning=_warning(checkpoint, data, passing, check))
    return check


def _same_list(checkpoint: LoadedCheckpoint, data: EvaluationData) -> bool | None:
    """Whether the file's mIoUs are of the measured images; False where it names no list, None if they are of others."""
    run = checkpoint.run
    if run is None:
        return None if data.limited or checkpoint.stated_of_part else False
    listed = run.lists["val"]
    pairs = located(parse_list(listed["text"], listed["path"], masks_required=True), data.source.root)
    part = tuple(pairs[: run.settings.data.val_limit])
    return True if run.data == data.spec.to_dict() and part == data.pairs else None


def _warning(checkpoint: LoadedCheckpoint, data: EvaluationData, passing: PassOptions, check: LoadCheck) -> str:
    info = checkpoint.info
    where = f"on the list {data.list_name}" if check.same_list else "without saying on which list"
    undefined = math.isnan(check.measured)
    found = "no mIoU (all masks are void)" if undefined else f"{100 * check.measured:.2f} mIoU"
    return (
        f"Warning: {checkpoint.name} measures {found}, but its file states "
        f"{100 * check.stated:.2f} for these weights ({info.weights}, epoch {info.scores.epoch}) {where}. Numbers "
        f"measured here may be of something else than was trained. {_causes(checkpoint, data, passing, check)}"
    )


def _causes(checkpoint: LoadedCheckpoint, data: EvaluationData, passing: PassOptions, check: LoadCheck) -> str:
    """Possible causes and remedies, most likely first."""
    default = pass_options(checkpoint, data, RunChoice())
    causes = []
    if (passing.protocol, passing.window) != (default.protocol, default.window):
        causes.append("it was run with a --protocol or --window other than its default (leave them out)")
    if not check.same_list:
        causes.append("the list is another one (--list)")
    causes.append("masks hold labels in another form (--labels, pixcon-diag check-data)")
    if not check.same_list:
        causes.append(f"it was trained on another data set or order of classes than {data.spec.name} (--dataset)")
        causes.append("it was validated with another protocol (--protocol, --window)")
    else:
        causes.append("images or masks have changed since")
    return f"Possible causes: {'; '.join(causes)}."
