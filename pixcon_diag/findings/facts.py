"""The facts that rules judge: plain numbers, gathered once per study; what is not known is None or empty."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from pixcon_diag.measures.bank_contamination import BankContamination
from pixcon_diag.measures.error_budget_result import BudgetResult
from pixcon_diag.measures.uncertainty import ImageNoise
from pixcon_diag.measures.verdict import Verdict


@dataclass(frozen=True)
class Training:
    """A run, from its log and its configuration."""

    iterations: int | None = None
    """Training steps until the last epoch recorded."""
    decay: float | None = None
    """Ceiling γ of the teacher's decay."""
    warmup: int | None = None
    """Iterations of the learning rate's warm-up."""
    tau: float | None = None
    """Threshold of the consistency branch."""
    teacher: Mapping[int, float] = field(default_factory=dict)
    """mIoU of the EMA teacher by epochs finished."""
    student: Mapping[int, float] = field(default_factory=dict)
    retention: tuple[float, ...] = ()
    """Share of unlabeled pixels retained in each epoch; empty where the log has none."""


@dataclass(frozen=True)
class Load:
    """The load check."""

    stated: float
    measured: float
    same_list: bool
    fitting: str | None = None
    """A recipe that fits better than the one that was used; None if none does, or none was tried."""


@dataclass(frozen=True)
class Filter:
    """The confidence filter on the measured list."""

    tau: float
    counts: np.ndarray
    """(I, 3): valid, retained and wrong retained pixels of each image."""
    macro_rho_f: float
    predicted: tuple[int, ...]
    """Pixels by predicted class."""
    retained: tuple[int, ...]
    """Retained ones among them."""
    taus: tuple[float, ...]
    """Ascending thresholds, and the retention and ρ_F at each."""
    retention: tuple[float, ...]
    rho_f: tuple[float, ...]
    verdict: Verdict | None = None
    """On the filter at τ, from the images that are not of the labeled training list."""


@dataclass(frozen=True)
class Shifts:
    """mIoU of label maps whose labels are shifted."""

    images: int
    miou: Mapping[int, float]
    """By shift: 0, −1 and +1."""


@dataclass(frozen=True)
class Labeled:
    """The labeled list, and the bank replayed over it."""

    images: int
    absent: tuple[int, ...]
    """Classes that no labeled image contains."""
    rule: str
    """The rule of the bank: that of training, or ``clean`` where it has none that is replayed."""
    starved: tuple[int, ...]
    """Classes without an entry."""
    by_confidence: BankContamination | None = None
    """Of the bank that the rule ``confidence`` fills."""


@dataclass(frozen=True)
class Measurements:
    """The predictions of one network on one list."""

    classes: tuple[str, ...]
    images: int
    list_name: str
    statistics: np.ndarray
    """(I, 3, K): true positives, predicted and true pixels per class."""
    trained_on: float | None = None
    """Share of the measured images that are in the run's labeled list; None where it is unknown."""
    load: Load | None = None
    filter: Filter | None = None
    budget: BudgetResult | None = None
    confusion: np.ndarray | None = None
    """(K, K): valid pixels by target and predicted class."""
    shifts: Shifts | None = None
    cosine: np.ndarray | None = None
    """(K, K): cosine of every two class centroids, NaN where undefined."""
    labeled: Labeled | None = None


@dataclass(frozen=True)
class Member:
    """A checkpoint, a folder of label maps, or a run of which there is only the log."""

    name: str
    group: str
    training: Training | None = None
    measured: Measurements | None = None


@dataclass(frozen=True)
class Pair:
    """A method against the baseline; differences are method − baseline."""

    baseline: str
    other: str
    classes: tuple[str, ...] = ()
    image_noise: ImageNoise | None = None
    """Of the mIoU; None where there are only logs."""
    inner: ImageNoise | None = None
    """Of the mIoU away from boundaries."""
    by_class: tuple[float, ...] = ()
    """Difference in the IoU of each class, means over seeds; NaN where undefined."""
    seeds: tuple[float, ...] = ()
    """Difference in mIoU of each pair of seeds; empty where the numbers of seeds differ."""

    @property
    def name(self) -> str:
        """Both methods."""
        return f"{self.baseline} → {self.other}"


@dataclass(frozen=True)
class Method:
    """A method and its number of seeds."""

    name: str
    seeds: int
    compared: bool
    """Whether there is another method."""


@dataclass(frozen=True)
class Facts:
    """A study."""

    members: tuple[Member, ...] = ()
    pairs: tuple[Pair, ...] = ()
    methods: tuple[Method, ...] = ()
