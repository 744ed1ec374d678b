"""What a column of a table of metrics holds, recognized by its name as trainers and loggers spell it."""

import re
from dataclasses import dataclass
from typing import Literal

from pixcon_diag.logs.history import Weights

Quantity = Literal["epoch", "step", "miou", "iou", "loss", "retention", "threshold", "aside"]

_WORD = re.compile(r"[A-Za-z0-9]+")
_TEACHER = frozenset({"ema", "teacher", "tea"})
_NETWORK = _TEACHER | {"student", "stu"}
_VALIDATION = frozenset({"val", "valid", "validation", "eval", "evaluation", "test"})
_TRAINING = frozenset({"train", "training"})
_PLAIN = _VALIDATION | {"metric", "metrics", "epoch", "class", "per"}
"""Words before a metric that do not change what it is."""
_ASIDE = frozenset({"best", "max", "min", "std", "step"})
"""Words of what is no value of an epoch."""

MIOU = frozenset(
    {
        "miou",
        "meaniou",
        "ioumean",
        "macroiou",
        "jaccard",
        "meanjaccard",
        "jaccardindex",
        "multiclassjaccardindex",
        "iou",
    }
)
STEP = frozenset({"step", "globalstep", "trainerglobalstep", "iteration", "iterations", "iter", "iters"})
RETENTION = frozenset({"maskratio", "mask", "retention", "retained", "pseudoratio", "utilratio"})
THRESHOLD = frozenset({"threshold", "thresh", "tau", "confthresh"})
LOSSES = {
    **dict.fromkeys(("loss_all", "total_loss", "loss_total"), "loss"),
    **dict.fromkeys(("sup_loss", "loss_sup", "loss_lb"), "loss_x"),
    **dict.fromkeys(("unsup_loss", "loss_unsup", "loss_ub"), "loss_u"),
}
"""Names of the losses in other trainers."""


@dataclass(frozen=True)
class Role:
    """What a column holds."""

    quantity: Quantity
    """`aside`: what belongs to no epoch, such as a best so far."""
    network: Weights = "student"
    """Of a (class) IoU."""
    name: str = ""
    """Of a class or a loss."""


def role_of(column: str) -> Role | None:
    """The role of a column by its name; None if it is unknown.

    A mIoU without a word for the teacher (`ema`, `teacher`) is the student's. A class's IoU is `iou/NAME`,
    `IoU.NAME` or `NAME_IoU`.
    """
    words = [word.lower() for word in _WORD.findall(column)]
    joined = "".join(words)
    if joined in ("epoch", "trainepoch", "trainerepoch"):
        return Role("epoch")
    if joined in STEP:
        return Role("step")
    if column.endswith(("__MIN", "__MAX")) or column in ("_runtime", "_timestamp"):
        return Role("aside")
    if "loss" in words:
        return _loss(words)
    if _ASIDE & {*words}:
        return Role("aside")
    quantity = "".join(word for word in words if word not in _TRAINING | _PLAIN)
    if quantity in RETENTION:
        return Role("retention")
    if quantity in THRESHOLD:
        return Role("threshold")
    return None if _TRAINING & {*words} else _iou(column, words)


def clearness(column: str) -> tuple[bool, bool, bool]:
    """Of columns of one role, that of an epoch, of a mean IoU called so, and of the validation is preferred."""
    words = [word.lower() for word in _WORD.findall(column)]
    plain = {*words} - _PLAIN - _NETWORK == {"iou"}
    return words[-1] == "epoch", not plain, "test" not in words


def _loss(words: list[str]) -> Role:
    """A loss; one of the validation has another name than the training's."""
    kept = [word for word in words if word not in _TRAINING | _PLAIN | {"step"}]
    name = "_".join(kept)
    name = LOSSES.get(name, name)
    return Role("loss", name=f"val_{name}" if _VALIDATION & {*words} else name)


def _iou(column: str, words: list[str]) -> Role | None:
    """A mean IoU or the IoU of a class."""
    network: Weights = "ema" if _TEACHER & {*words} else "student"
    if "".join(word for word in words if word not in _PLAIN | _NETWORK) in MIOU:
        return Role("miou", network)
    found = list(_WORD.finditer(column))
    while found and found[0][0].lower() in _PLAIN | _NETWORK:
        del found[0]
    end = len(column)
    while found and found[-1][0].lower() in _NETWORK:
        del found[-1]
        end = found[-1].end() if found else 0
    if len(found) > 1 and found[0][0].lower() == "iou":
        rest = [match for match in found[1:] if match[0].lower() not in _NETWORK]
        return Role("iou", network, column[rest[0].start() : end].strip()) if rest else None
    if len(found) > 1 and found[-1][0].lower() == "iou":
        return Role("iou", network, column[found[0].start() : found[-2].end()].strip())
    return None
