"""The contamination measurement as flat tables: one row per checkpoint and τ, per class, per point of the curve."""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Any

from pixcon_diag.result import MeasuredContamination

Row = dict[str, Any]


LOWER_BOUND = (
    "Void pixels are never counted. They lie where labels are hardest to draw, so every ρ_F here is a lower bound of "
    "the error among the pixels that a bank filled by confidence would take in."
)


def contamination_report(results: Sequence[MeasuredContamination]) -> dict[str, Any]:
    """Everything measured, ready for JSON: rates as fractions, both mIoU conventions, counts beside rates."""
    return {
        "command": "contamination",
        "version": version("pixcon-diag"),
        "note": LOWER_BOUND,
        "results": [result.to_dict() for result in results],
    }


def contamination_tables(results: Sequence[MeasuredContamination]) -> dict[str, list[Row]]:
    """Every table by the name of its file."""
    return {
        "contamination": [row for result in results for row in _overall(result)],
        "contamination_classes": [row for result in results for row in _classes(result)],
        "contamination_curve": [row for result in results for row in _curve(result)],
    }


def _identity(result: MeasuredContamination) -> Row:
    """The columns that say what a row is about."""
    checkpoint, data = result.provenance.checkpoint, result.provenance.data
    return {
        "name": result.name,
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
        "protocol": result.provenance.inference.protocol,
        "window": (result.provenance.inference.window or ("",))[0],
        **{name: _flat(value) for name, value in result.provenance.options.items()},
        "version": result.provenance.version,
    }


def _flat(value: Any) -> Any:
    """An option's value for one cell."""
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else value


def _overall(result: MeasuredContamination) -> Iterator[Row]:
    iou, contamination = result.iou, result.contamination
    for at in contamination.thresholds:
        row = {
            **_identity(result),
            "miou": iou.miou("skip"),
            "miou_zero": iou.miou("zero"),
            "tau": at.tau,
            **vars(at.overall),
            "macro_rho_f_by_predicted": at.by_predicted.macro_rho_f,
            "macro_rho_f_by_truth": at.by_truth.macro_rho_f,
            "ece": contamination.calibration.ece,
        }
        for zone in at.zones:
            for place, rates in (("band", zone.band), ("interior", zone.interior)):
                row |= {f"{place}{zone.width}_{name}": getattr(rates, name) for name in ("pixels", "retained", "rho_f")}
        yield row


def _classes(result: MeasuredContamination) -> Iterator[Row]:
    names = result.provenance.data.classes
    for at in result.contamination.thresholds:
        for way, rates in (("predicted", at.by_predicted), ("truth", at.by_truth)):
            columns = ("pixels", "retained", "correct", "retention", "rho_f")
            for index, values in enumerate(zip(*(getattr(rates, column) for column in columns), strict=True)):
                row = dict(zip(columns, values, strict=True))
                yield {**_identity(result), "tau": at.tau, "by": way, "class": index, "label": names[index], **row}


def _curve(result: MeasuredContamination) -> Iterator[Row]:
    curve = vars(result.contamination.curve)
    for values in zip(*curve.values(), strict=True):
        yield {**_identity(result), **dict(zip(curve, values, strict=True))}
