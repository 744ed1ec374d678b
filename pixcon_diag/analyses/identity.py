"""The columns that say where a row's numbers come from: they stand in every file, and in no table on the screen."""

from collections.abc import Sequence
from typing import Any

from pixcon_diag.cache.replay import ReplayedPass
from pixcon_diag.passes.measured import Predictions


def identity(measured: Predictions | ReplayedPass) -> dict[str, Any]:
    """Checkpoint, weights, images, how they were predicted, and the options of the pass."""
    provenance = measured.provenance
    checkpoint, data = provenance.checkpoint, provenance.data
    return {
        "checkpoint": checkpoint.source,
        "sha256": checkpoint.sha256,
        "weights": checkpoint.weights,
        "epoch": checkpoint.scores.epoch,
        "dataset": data.dataset,
        "root": data.root,
        "list": data.list_name,
        "list_sha256": data.list_sha256,
        "images": data.images,
        "labels": data.labels,
        "protocol": provenance.inference.protocol,
        "window": (provenance.inference.window or ("",))[0],
        **{name: _flat(value) for name, value in provenance.options.items()},
        "version": provenance.version,
    }


def load_warnings(measured: Sequence[Predictions]) -> list[str]:
    """A note for each checkpoint whose mIoU is not the one that its file states."""
    checks = [each.provenance.load_check for each in measured]
    return [check.warning for check in checks if check is not None and check.warning is not None]


def _flat(value: Any) -> Any:
    """An option's value for one cell."""
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else value
