"""Model size against mIoU: the paper's published figures and the user's own runs (Fig. 7, Table 1)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

from pixcon_diag.serialization import Serializable
from pixcon_train.core.errors import ConfigError

DATASET = "pascal"
SETTING = "Pascal VOC 2012 val, 1/8 of the labels (183)"
"""The setting of all published figures: column 1/8 of Table 1."""


@dataclass(frozen=True)
class Point:
    """One method."""

    name: str
    encoder: str
    family: str
    parameters: float
    """In millions."""
    counted: Literal["encoder", "model"]
    parameters_source: str
    miou: float
    """Fraction."""
    miou_source: str
    own: bool
    """Whether this is one of the user's models."""
    comparable: bool
    """Whether it is on the data set of the published figures."""


@dataclass(frozen=True)
class OwnRun:
    """One of the user's models."""

    name: str
    encoder: str
    """Such as ``DINOv2-B``."""
    parameters: int
    """Counted, of the whole model at inference."""
    miou: float
    dataset: str
    source: str
    """Source of the mIoU, such as a checkpoint's path."""


@dataclass(frozen=True)
class LandscapeResult(Serializable):
    """Published points in the order of Table 1, then the user's."""

    points: tuple[Point, ...]
    setting: str
    notes: tuple[str, ...]
    """Caveats that the figure needs."""


APPROXIMATE = (
    "Parameter counts of prior work are standard backbone sizes, approximate and without the decoder; those of DINOv2 "
    "models are of the whole model, as reported (Fig. 7)."
)
BUDGET = (
    "PixCon's two own figures are means over three seeds below UniMatch V2's full budget (Fig. 7, Table 1): compare "
    "them with each other, not with the published ones."
)
OWN_LISTS = (
    "Own runs count as comparable by their data set's name alone; whether they were trained on those 183 labels and "
    "validated on the whole list is not checked."
)


def published() -> tuple[Point, ...]:
    """Table 1, column 1/8; the last two methods are means over three seeds, below UniMatch V2's full budget.

    Fig. 7 does not list the sizes of prior work ("standard backbone sizes, approximate"); these are the usual ones.
    """
    table = json.loads(files(__package__).joinpath("published.json").read_text(encoding="utf-8"))
    return tuple(
        Point(
            name=name,
            encoder=encoder,
            miou=round(percent / 100, 6),
            miou_source="Table 1, column 1/8",
            own=False,
            comparable=True,
            **table["encoders"][encoder],
        )
        for name, encoder, percent in table["methods"]
    )


def landscape(own: Sequence[OwnRun] = ()) -> LandscapeResult:
    """The published figures with the user's runs added.

    Raises:
        ConfigError: a run with no parameters, or with an mIoU outside [0, 1].

    Example:
        >>> result = landscape([OwnRun("mine", "DINOv2-S", 24_800_000, 0.84, "pascal", "best_ema.pth")])
        >>> result.points[-1].parameters, result.points[-1].family, result.points[-1].comparable
        (24.8, 'DINOv2', True)
    """
    points = (*published(), *(_own(run) for run in own))
    others = [point.name for point in points if not point.comparable]
    notes = [APPROXIMATE, BUDGET]
    if any(point.own and point.comparable for point in points):
        notes.append(OWN_LISTS)
    if others:
        notes.append(
            f"On another data set than {SETTING}, or an unknown one, and not comparable with it: {', '.join(others)}."
        )
    return LandscapeResult(points, SETTING, tuple(notes))


def _own(run: OwnRun) -> Point:
    if run.parameters < 1 or not 0 <= run.miou <= 1:
        raise ConfigError(
            f"{run.name} has {run.parameters} parameters and an mIoU of {run.miou}. Expected a positive count and a "
            "fraction in [0, 1]; per cent are divided by 100."
        )
    return Point(
        name=run.name,
        encoder=run.encoder,
        family=run.encoder.partition("-")[0],
        parameters=run.parameters / 1e6,
        counted="model",
        parameters_source="counted",
        miou=run.miou,
        miou_source=run.source,
        own=True,
        comparable=run.dataset == DATASET,
    )
