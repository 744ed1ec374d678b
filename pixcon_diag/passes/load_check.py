"""The check of the load: the mIoU of a pass beside the one that the file states of the weights it measured."""

import math
from dataclasses import dataclass, replace

from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.passes.options import PassOptions, RunChoice, pass_options
from pixcon_diag.provenance import CheckpointInfo, LoadCheck
from pixcon_train.data.lists import located, parse_list
from pixcon_train.evaluation.iou_result import IoUResult

TOLERANCE = 0.003
"""Difference of the mIoUs beyond which something is wrong: what precision and resizing change stays well below."""


@dataclass(frozen=True)
class _Expected:
    """What the pass should give, and how sure that is."""

    miou: float
    same_list: bool
    """Whether the file states it for the very images that were measured; otherwise it names no list."""


def stated_miou(info: CheckpointInfo) -> float | None:
    """The mIoU that a file states of the weights measured at their epoch; None where it states that of other epochs."""
    return {"ema": info.scores.ema, "student": info.scores.student}.get(info.weights)


def check_load(
    checkpoint: LoadedCheckpoint, data: EvaluationData, passing: PassOptions, iou: IoUResult
) -> LoadCheck | None:
    """Compare the mIoU of a pass with the stated one; None where the file states none of these weights on these images.

    A file of this project says which list its mIoU is of, so that another list, or a part of it, is no reason to doubt
    the load. Other files name no list: theirs is compared unless the user limited the images. It may count a class in
    neither truth nor prediction as 0, as UniMatch V2 does, or leave it out: the closer of both is compared.
    """
    expected = _expected(checkpoint, data)
    if expected is None:
        return None
    ways = (iou.miou("skip"),) if expected.same_list else (iou.miou("skip"), iou.miou("zero"))
    measured = min(ways, key=lambda way: abs(way - expected.miou))
    check = LoadCheck(expected.miou, measured, measured - expected.miou, expected.same_list)
    if not abs(check.difference) <= TOLERANCE:  # NaN, where no pixel has a class, is no agreement
        return replace(check, warning=_warning(checkpoint, data, passing, check))
    return check


def _expected(checkpoint: LoadedCheckpoint, data: EvaluationData) -> _Expected | None:
    stated = stated_miou(checkpoint.info)
    if stated is None:
        return None
    own = checkpoint.own
    if own is None:
        return None if data.limited or checkpoint.stated_of_part else _Expected(stated, same_list=False)
    listed = own.lists["val"]
    pairs = located(parse_list(listed["text"], listed["path"], masks_required=True), data.source.root)
    part = tuple(pairs[: own.config["data"]["val_limit"]])
    same = own.data == data.spec.to_dict() and part == data.pairs
    return _Expected(stated, same_list=True) if same else None


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
    """What could be wrong and what to try, the likeliest first."""
    usual = pass_options(checkpoint, data, RunChoice())
    causes = []
    if (passing.protocol, passing.window) != (usual.protocol, usual.window):
        causes.append("it was run with another --protocol or --window than belongs to it (leave them out)")
    if not check.same_list:
        causes.append("the list is another one (--list)")
    causes.append("masks hold labels in another way (--labels, pixcon-diag check-data)")
    if not check.same_list:
        causes.append(f"it was trained on another data set or order of classes than {data.spec.name} (--dataset)")
        causes.append("it was validated with another protocol (--protocol, --window)")
    else:
        causes.append("images or masks have changed since")
    return f"Possible causes: {'; '.join(causes)}."
