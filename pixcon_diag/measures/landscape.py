"""Model size against mIoU: the paper's published figures and the user's own runs (Fig. 7, Table 1)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal, NamedTuple

from pixcon_diag.serialization import Serializable
from pixcon_train.core.errors import ConfigError

DATASET = "pascal"
LABELED = 183
"""Labeled images of that setting."""
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
    labeled: int | None = None
    """Labeled images it was trained with; None if unknown."""

    @property
    def fits(self) -> bool:
        """Whether it is in the setting of the published figures, as far as that is known."""
        return self.dataset == DATASET and self.labeled in (None, LABELED)


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
    "Own runs belong here by their data set's name, and by the number of their labeled images if the file states it; "
    "whether they were validated on the whole list is not checked."
)


class PublishedMethod(NamedTuple):
    """A row of one of the paper's Tables 1–3."""

    name: str
    encoder: str
    values: Sequence[str | None]
    """mIoU in per cent as printed, by split; None where it was not run."""


@dataclass(frozen=True)
class PublishedTable:
    """One of the paper's Tables 1–3."""

    number: int
    title: str
    """Name of the data set."""
    images: int
    """Images of its validation list."""
    splits: Sequence[tuple[str, int]]
    """Name and number of labeled images of each column."""
    methods: Sequence[PublishedMethod]


def published_tables() -> dict[str, PublishedTable]:
    """Tables 1–3 by the name of the data set."""
    return {
        name: PublishedTable(**(table | {"methods": [PublishedMethod(*row) for row in table["methods"]]}))
        for name, table in _published_file()["tables"].items()
    }


def _published_file() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(files(__package__).joinpath("published.json").read_text(encoding="utf-8"))
    return content


def published() -> tuple[Point, ...]:
    """Table 1, column 1/8; the last two methods are means over three seeds, below UniMatch V2's full budget.

    Fig. 7 does not list the sizes of prior work ("standard backbone sizes, approximate"); these are the usual ones.
    """
    encoders, table = _published_file()["encoders"], published_tables()[DATASET]
    column = [labeled for _, labeled in table.splits].index(LABELED)
    return tuple(
        Point(
            name=name,
            encoder=encoder,
            miou=round(float((values[column] or "nan").split()[0]) / 100, 6),
            miou_source="Table 1, column 1/8",
            own=False,
            **encoders[encoder],
        )
        for name, encoder, values in table.methods
    )


def landscape(own: Sequence[OwnRun] = ()) -> LandscapeResult:
    """The published figures with the user's runs added.

    Raises:
        ConfigError: a run in another setting, with no parameters, or with an mIoU outside [0, 1].

    Example:
        >>> result = landscape([OwnRun("mine", "DINOv2-S", 24_800_000, 0.84, "pascal", "best_ema.pth")])
        >>> result.points[-1].parameters, result.points[-1].family
        (24.8, 'DINOv2')
    """
    points = (*published(), *(_own(run) for run in own))
    notes = (APPROXIMATE, BUDGET, *([OWN_LISTS] if own else []))
    return LandscapeResult(points, SETTING, notes)


def _own(run: OwnRun) -> Point:
    if not run.fits:
        raise ConfigError(f"The published results are of {SETTING}; {other_setting(run)}.")
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
    )


def other_setting(run: OwnRun) -> str:
    """The setting of a run that does not fit."""
    labels = "" if run.labeled is None else f" with {run.labeled} labeled images"
    return f"{run.name} is of {run.dataset}{labels}"
