"""What a study measures and how."""

from dataclasses import dataclass, field
from pathlib import Path

from pixcon_diag.checkpoints.finding import WeightsAsked
from pixcon_diag.checkpoints.loading import ClassOrder
from pixcon_diag.data.evaluation_data import DataChoice, EvaluationData, Split
from pixcon_diag.passes.options import BandOptions, RunChoice
from pixcon_train.core.files import paths_of


@dataclass(frozen=True)
class BankOptions:
    """The replayed bank; None: the value of the checkpoint's configuration, else of the paper (Table 5).

    Example:
        >>> BankOptions(list_path="labeled.txt", tau=0.9).split
        'labeled'
    """

    list_path: Path | None = None
    """File of ``IMAGE MASK`` lines that fills the bank; None: the list of the split."""
    split: Split = "labeled"
    tau: float | None = None
    """Admission threshold of the rule ``confidence``."""
    size: int | None = None
    """N, entries per class."""
    cap: int | None = None
    """m, pixels per class and batch."""
    batch_size: int | None = None
    """Labeled images per batch."""

    def __post_init__(self) -> None:
        paths_of(self, "list_path")


@dataclass(frozen=True)
class StudyOptions:
    """Options of a study; None: the value follows from the checkpoint, the data set or the machine.

    Example:
        >>> StudyOptions(taus=(0.9, 0.95), data=DataChoice("pascal", limit=100)).seed
        0
    """

    weights: WeightsAsked = None
    allow_legacy: bool = False
    """Whether checkpoints in torch's format from before version 1.6 are read, in which damage cannot be noticed."""
    recipe: str | None = None
    """Strides and dilations of networks with a ResNet, a name in :data:`pixcon_train.models.recipes.RECIPES`; None:
    those of the file's release."""
    model: str | None = None
    """SPEC of the network whose weights the checkpoints hold; None: their layout shows it, or they name it."""
    feature: str | None = None
    """Submodule whose output is the feature of networks that a SPEC names; None: the input of the last layer that gives
    the logits."""
    class_order: ClassOrder = "names"
    """Whether the classes of networks that a SPEC names are matched by name with the data set's, or taken in their own
    order."""
    data: DataChoice | EvaluationData = field(default_factory=DataChoice)
    run: RunChoice = field(default_factory=RunChoice)
    taus: tuple[float, ...] = (0.95,)
    """Confidence thresholds of the report."""
    band: BandOptions = field(default_factory=BandOptions)
    bank: BankOptions = field(default_factory=BankOptions)
    seed: int = 0
    """Seed of t-SNE, the controlled sweep, the bootstrap and random images."""
    audit: int = 0
    """Random images of each pass that are predicted and counted again by plain loops
    (:func:`pixcon_diag.audit.audit.audit`); 0: none."""
    cache: Path | None = None
    """Folder of cached passes; None: ``diag`` next to each checkpoint."""

    def __post_init__(self) -> None:
        paths_of(self, "cache")
