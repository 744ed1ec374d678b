"""Model size against mIoU: the paper's published figures and the user's own runs (Fig. 7, Table 1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pixcon_diag.serialization import Serializable
from pixcon_train.core.errors import ConfigError

Family = Literal["ResNet", "MiT", "CLIP", "DINOv2"]

DATASET = "pascal"
SETTING = "Pascal VOC 2012 val, 1/8 of the labels (183)"
"""What every published figure here is: Table 1's column 1/8."""


@dataclass(frozen=True)
class Encoder:
    """A backbone and how large a model with it is."""

    family: Family
    parameters: float
    """In millions."""
    counted: Literal["encoder", "model"]
    """What was counted: the encoder alone (the whole model is larger by its decoder), or the whole model."""
    source: str


ENCODERS = {
    "RN-50": Encoder("ResNet", 25.6, "encoder", "torchvision, ResNet-50; approximate"),
    "RN-101": Encoder("ResNet", 44.5, "encoder", "torchvision, ResNet-101; approximate"),
    "MiT-B5": Encoder("MiT", 82.0, "encoder", "SegFormer (NeurIPS 2021), MiT-B5; approximate"),
    "CLIP-B": Encoder("CLIP", 86.0, "encoder", "ViT (ICLR 2021), ViT-B; approximate"),
    "DINOv2-S": Encoder("DINOv2", 24.8, "model", "Fig. 7, as reported there"),
    "DINOv2-B": Encoder("DINOv2", 97.5, "model", "Fig. 7, as reported there"),
}
"""Fig. 7 does not list the sizes of prior work ("standard backbone sizes, approximate"); these are the usual ones."""


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
    """Whether the user measured it."""
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
    """Where the mIoU comes from: a checkpoint's path, say."""


@dataclass(frozen=True)
class LandscapeResult(Serializable):
    """Published points in the order of Table 1, then the user's."""

    points: tuple[Point, ...]
    setting: str
    notes: tuple[str, ...]
    """What must be said beside the picture."""


PUBLISHED: tuple[tuple[str, str, float], ...] = (
    ("Supervised baseline", "RN-101", 55.3),
    ("ST++", "RN-101", 71.0),
    ("U2PL", "RN-101", 69.2),
    ("PS-MT", "RN-101", 69.6),
    ("AugSeg", "RN-101", 75.5),
    ("CW-BASS", "RN-50", 75.8),
    ("UniMatch", "RN-101", 77.2),
    ("CorrMatch", "RN-101", 78.5),
    ("DDFP", "RN-101", 78.0),
    ("PrevMatch", "RN-101", 78.5),
    ("BeyondPixels", "RN-101", 78.6),
    ("AllSpark", "MiT-B5", 78.4),
    ("SemiVL", "CLIP-B", 85.6),
    ("UniMatch V2 (published)", "DINOv2-S", 85.5),
    ("UniMatch V2 (published)", "DINOv2-B", 87.9),
    ("UniMatch V2 (PixCon's repro)", "DINOv2-B", 87.01),
    ("PixCon (published)", "DINOv2-B", 87.90),
)
"""Method, encoder and mIoU in per cent: Table 1, column 1/8. The last two are means over three seeds, below UniMatch
V2's full budget."""

APPROXIMATE = (
    "Parameter counts of prior work are standard backbone sizes, approximate and without the decoder; those of DINOv2 "
    "models are of the whole model, as reported (Fig. 7)."
)
BUDGET = (
    "PixCon's two own figures are means over three seeds below UniMatch V2's full budget (Fig. 7, Table 1): compare "
    "them with each other, not with the published ones."
)


OWN_LISTS = (
    "Own runs count as comparable by their data set's name alone: whether they were trained on those 183 labels and "
    "validated on the whole list is for you to know."
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
    points = (*(_published(*entry) for entry in PUBLISHED), *(_own(run) for run in own))
    others = [point.name for point in points if not point.comparable]
    notes = [APPROXIMATE, BUDGET]
    if any(point.own and point.comparable for point in points):
        notes.append(OWN_LISTS)
    if others:
        notes.append(
            f"On another data set than {SETTING}, or an unknown one, and not comparable with it: {', '.join(others)}."
        )
    return LandscapeResult(points, SETTING, tuple(notes))


def _published(name: str, encoder: str, percent: float) -> Point:
    about = ENCODERS[encoder]
    return Point(
        name=name,
        encoder=encoder,
        family=about.family,
        parameters=about.parameters,
        counted=about.counted,
        parameters_source=about.source,
        miou=round(percent / 100, 6),
        miou_source="Table 1, column 1/8",
        own=False,
        comparable=True,
    )


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
