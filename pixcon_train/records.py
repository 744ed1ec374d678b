"""The parts of the log's records."""

from collections.abc import Mapping, Sequence
from typing import Any

from pixcon_train.bank import ClassBank


def step_record(means: Mapping[str, float]) -> dict[str, Any]:
    """`losses` by name, and `mask_ratio`, the share of unlabeled pixels that the threshold retained."""
    return {
        "losses": {name: value for name, value in means.items() if name != "mask_ratio"},
        "mask_ratio": means.get("mask_ratio"),
    }


def bank_record(bank: ClassBank | None) -> dict[str, Any] | None:
    """`entries` per class and `fill`, their share of the bank's places; None without a bank."""
    if bank is None:
        return None
    entries = bank.filled.tolist()
    return {"fill": sum(entries) / (bank.queue.shape[0] * bank.queue.shape[1]), "entries": entries}


def validation_record(metrics: Mapping[str, Mapping[str, Any]], classes: Sequence[str]) -> dict[str, Any]:
    """By `student` and `ema`: both mIoUs, and `iou` by class name; empty where the epoch was not validated."""
    return {name: {**values, "iou": dict(zip(classes, values["iou"], strict=True))} for name, values in metrics.items()}
