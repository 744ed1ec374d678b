"""Parts of the log's records."""

from collections.abc import Mapping, Sequence
from typing import Any

from pixcon_train.method.class_bank import ClassBank


def step_record(means: Mapping[str, float]) -> dict[str, Any]:
    """Part of a record on one or more steps, from the means of their scalars.

    `losses` by name; `retention`, the share of unlabeled pixels that the threshold retained; `threshold`, their mean
    τ; with noise `replaced`, the share of retained pseudo-labels that it replaced; with ground truth `contamination`,
    ρ_F of the pseudo-labels used in training: the share of wrong ones among the retained ones with known truth. A
    share of nothing is None.
    """
    record = {
        "losses": {name: value for name, value in means.items() if name.startswith("loss")},
        "retention": means.get("retention"),
        "threshold": None if "threshold" not in means else round(means["threshold"], 6),  # float32 has no more digits
    }
    if "replaced" in means:
        record["replaced"] = _share(means["replaced"], means["retained"])
    if "known" in means:
        record["contamination"] = _share(means["wrong"], means["known"])
    return record


def bank_record(bank: ClassBank | None) -> dict[str, Any] | None:
    """`entries` per class, `fill`, their share of the bank's slots, and `contamination`; None without a bank.

    `contamination` is the share of entries under a wrong class among those with known truth, None if there are none.
    """
    if bank is None:
        return None
    entries = bank.filled.tolist()
    wrong, known = (int(entries.sum()) for entries in bank.contamination())
    return {
        "fill": sum(entries) / (bank.queue.shape[0] * bank.queue.shape[1]),
        "entries": entries,
        "contamination": _share(wrong, known),
    }


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def validation_record(metrics: Mapping[str, Mapping[str, Any]], classes: Sequence[str]) -> dict[str, Any]:
    """By `student` and `ema`: both mIoUs, and `iou` by class name; empty if the epoch was not validated."""
    return {name: {**values, "iou": dict(zip(classes, values["iou"], strict=True))} for name, values in metrics.items()}
