"""Contamination of the class-balanced bank that an admission rule fills, with an interval over images.

A bank holds at most N entries of each class, so its contamination is the macro rate, weighted by what each class fills,
and not ρ_F, in which frequent classes dominate (Sec. G.3; the balanced bank is that of Sec. 3.2).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pixcon_diag.measures.gradient_result import SplitRates, SweepPoint
from pixcon_diag.serialization import Serializable
from pixcon_diag.statistics.intervals import Interval, pooled_interval
from pixcon_diag.statistics.spread import quotients


@dataclass(frozen=True)
class BankContamination(Serializable):
    """Contamination of a bank filled by one pass over a list of images."""

    images: int
    """Images with an admitted pixel, the units of the interval."""
    rho_f: float
    """Σ_c fill_c·ρ_c / Σ_c fill_c, in [0, 1]; NaN without an entry. fill_c = min(N, entered_c)."""
    interval: Interval
    """Over images; the cap's share of each training batch is held fixed."""
    classes: tuple[float, ...]
    """ρ_c: share of wrong ones among all entries of each class; NaN without one."""


def bank_contamination(
    counts: np.ndarray, *, batch_size: int, cap: int, bank_size: int, exact: bool = False, level: float = 0.95
) -> BankContamination:
    """The contamination from the admitted pixels of every image.

    Of each class min(m, eligible) pixels of a training batch enter, drawn at random, so an image enters its share of
    the batch's eligible pixels, and as many wrong ones as its share of wrong ones.

    Args:
        counts: (I, 3, K) labeled, eligible and correctly eligible pixels of each image and class, in the order of
            training (:func:`pixcon_diag.measures.coverage.coverage_statistics`).
        batch_size: images of a training batch.
        cap: m, pixels entered per class and batch.
        bank_size: N, entries per class.
        exact: whether the rule admits no wrong pixel by its definition, so that there is nothing to estimate.
        level: coverage of the interval.
    """
    entries = expected_entries(counts, batch_size=batch_size, cap=cap)
    rho_f = float(pooled_contamination(entries.sum(0)[None], bank_size)[0])
    interval = pooled_interval(entries, lambda pooled: pooled_contamination(pooled, bank_size), level)
    if exact and not np.isnan(rho_f):
        interval = Interval(rho_f, rho_f, level)
    wrong, entered = entries.sum(0).T
    images = int(entries[..., 1].any(1).sum())
    return BankContamination(images, rho_f, interval, tuple(quotients(wrong, entered).tolist()))


def expected_entries(counts: np.ndarray, *, batch_size: int, cap: int) -> np.ndarray:
    """(I, K, 2) float64: expected wrong entries, and all entries, that each image adds to each class; arguments as of
    :func:`bank_contamination`."""
    eligible, correct = counts[:, 1].astype(np.float64), counts[:, 2].astype(np.float64)
    batch = np.arange(len(eligible)) // batch_size
    total = np.zeros((int(batch[-1]) + 1 if len(batch) else 0, eligible.shape[1]))
    np.add.at(total, batch, eligible)
    share = np.minimum(1.0, cap / np.maximum(total, 1))[batch]
    return np.stack((share * (eligible - correct), share * eligible), -1)


def pooled_contamination(pooled: np.ndarray, bank_size: int) -> np.ndarray:
    """(R,): Σ fill·ρ / Σ fill of pooled entries (R, K, 2), wrong ones and all."""
    wrong, entered = pooled[..., 0], pooled[..., 1]
    fill = np.minimum(entered, bank_size)
    rates = np.divide(wrong, entered, out=np.zeros_like(wrong), where=entered > 0)
    return quotients((fill * rates).sum(-1), fill.sum(-1))


def gradient_share(points: Sequence[SweepPoint], form: Literal["eq3", "supcon"], rho_f: float) -> float:
    """‖g_F‖ / (‖g_T‖ + ‖g_F‖) at a contamination, interpolated between the points of a controlled sweep; the count law
    gives ρ_F itself.

    Args:
        points: the clean bank with a growing share of wrong entries.
        form: of the loss.
        rho_f: contamination of the bank.

    Returns:
        NaN outside the range of the sweep.
    """
    rates: list[SplitRates] = [getattr(point.result, form).overall for point in points]
    known = sorted((r.rho_f, r.ratio / (1 + r.ratio)) for r in rates if not np.isnan(r.ratio + r.rho_f))
    if not known:
        return float("nan")
    contamination, share = zip(*known, strict=True)
    return float(np.interp(rho_f, contamination, share, left=np.nan, right=np.nan))
