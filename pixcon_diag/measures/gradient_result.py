"""Result of the gradient measurement, computed from sums over anchors."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass

import numpy as np

from pixcon_diag.serialization import Serializable
from pixcon_diag.statistics.spread import quotient

COLUMNS = (
    "anchors",
    "rho_f",
    "mass",
    "norm_true",
    "norm_false",
    "cosine",
    "cosines",
    "deflection",
    "deflections",
)
"""Sums per class; a plural counts the anchors for which the preceding quantity is defined."""

LAW_TOLERANCE = 0.1
"""Relative difference between ratio and law above which a class departs from the law."""


FRACTIONS = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
"""Fractions of entries relabelled by default; the first is the clean bank itself."""

CLEAN = "clean"
"""The rule whose bank the controlled sweep contaminates."""


@dataclass(frozen=True)
class GradientOptions:
    """What is split, and against which banks."""

    rules: tuple[str, ...] = ("confidence", CLEAN)
    temperature: float = 0.1
    anchors: int = 50
    """Anchors of each class."""
    fractions: tuple[float, ...] = FRACTIONS
    seed: int = 0


@dataclass(frozen=True)
class SplitRates:
    """Some anchors' means; NaN where no anchor has a positive, and in the cases named below."""

    anchors: int
    """Anchors with a positive, |A+|."""
    rho_f: float
    """Share of false ones among an anchor's positives."""
    mass: float
    """Weight of the false positives among the positives; equals ρ_F in the SupCon form, where all weigh the same."""
    norm_true: float
    """E‖g_T‖."""
    norm_false: float
    """E‖g_F‖."""
    ratio: float
    """E‖g_F‖ / E‖g_T‖; NaN where g_T is 0 for every anchor."""
    law: float
    """ρ_F / (1 − ρ_F); NaN where all positives are false."""
    departure: float
    """ratio / law: 1 where the law holds, below 1 where it overstates contamination; NaN where ρ_F is 0."""
    cosine: float
    """cos(g_F, g_T): −1 cancels, +1 adds; NaN without a false positive, or where g_T or g_F is 0 for every anchor."""
    deflection: float
    """Angle in degrees between g_T + g_F and g_T; 0 without a false positive, NaN where one is 0 for every anchor."""

    @classmethod
    def from_sums(cls, sums: np.ndarray) -> "SplitRates":
        """The means of sums in the order of :data:`COLUMNS`."""
        total = dict(zip(COLUMNS, sums.tolist(), strict=True))
        anchors = total["anchors"]
        rho_f, ratio = quotient(total["rho_f"], anchors), quotient(total["norm_false"], total["norm_true"])
        law = quotient(total["rho_f"], anchors - total["rho_f"])
        return cls(
            anchors=round(anchors),
            rho_f=rho_f,
            mass=quotient(total["mass"], anchors),
            norm_true=quotient(total["norm_true"], anchors),
            norm_false=quotient(total["norm_false"], anchors),
            ratio=ratio,
            law=law,
            departure=quotient(ratio, law),
            cosine=quotient(total["cosine"], total["cosines"]),
            deflection=math.degrees(quotient(total["deflection"], total["deflections"])),
        )


@dataclass(frozen=True)
class FormResult:
    """One form of the loss."""

    overall: SplitRates
    """Over all anchors."""
    classes: tuple[SplitRates, ...]
    """Per class of the anchor, in class order."""
    departs: tuple[int, ...]
    """Classes whose ratio differs from the law by more than ``LAW_TOLERANCE`` of it."""

    @classmethod
    def from_sums(cls, sums: np.ndarray) -> "FormResult":
        """The result of sums (K, len(COLUMNS))."""
        return cls.from_rates([SplitRates.from_sums(row) for row in (sums.sum(0), *sums)])

    @classmethod
    def from_rates(cls, all_rates: Sequence[SplitRates]) -> "FormResult":
        """The result of the overall rates followed by those of each class."""
        overall, *classes = all_rates
        departs = tuple(k for k, rates in enumerate(classes) if abs(rates.departure - 1) > LAW_TOLERANCE)
        return cls(overall, tuple(classes), departs)


@dataclass(frozen=True)
class GradientResult(Serializable):
    """Both forms over the same anchors and bank."""

    eq3: FormResult
    """The loss as implemented: the sum over positives inside the logarithm."""
    supcon: FormResult
    """The mean of log-probabilities."""

    @classmethod
    def from_sums(cls, sums: Mapping[str, np.ndarray]) -> "GradientResult":
        """The result of sums (K, len(COLUMNS)) by form."""
        return cls(**{form: FormResult.from_sums(form_sums) for form, form_sums in sums.items()})

    @classmethod
    def from_array(cls, rates: np.ndarray) -> "GradientResult":
        """The result that :meth:`to_array` gave."""
        eq3, supcon = ([SplitRates(round(row[0]), *row[1:]) for row in form] for form in rates.tolist())
        return cls(FormResult.from_rates(eq3), FormResult.from_rates(supcon))

    def to_array(self) -> np.ndarray:
        """All rates, (2, K + 1, 10) float64: of both forms, the overall rates followed by those of each class."""
        forms = ((form.overall, *form.classes) for form in (self.eq3, self.supcon))
        return np.array([[astuple(rates) for rates in form] for form in forms], dtype=np.float64)


@dataclass(frozen=True)
class SweepPoint(Serializable):
    """One degree of contamination."""

    fraction: float
    """Entries relabelled, of each class. The resulting ρ_F is measured: it differs from this where classes differ in
    size or are confused unevenly."""
    result: GradientResult
