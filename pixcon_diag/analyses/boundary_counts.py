"""Boundary counts of every image, from the pass or, for other bands, from label maps."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pixcon_diag.analyses.measured import Measured
from pixcon_diag.measures.boundary_result import BoundaryResult, check_band
from pixcon_diag.passes.options import BandOptions
from pixcon_diag.passes.predictions import MeasuredGroup, MeasuredPass, Predictions
from pixcon_diag.statistics.intervals import Interval, ratio_interval
from pixcon_train.core.progress import Progress, silent


@dataclass(frozen=True)
class BoundaryCounts:
    """Pixels and errors of every image inside each band and overall."""

    counts: np.ndarray
    """(I, W + 1, 2) int64: pixels and wrong pixels of each image in each band, ascending, and overall."""
    options: BandOptions

    @cached_property
    def rates(self) -> BoundaryResult:
        """Error rates pooled over the images."""
        return BoundaryResult.from_counts(self.options.widths, self.counts.sum(0).tolist())

    def intervals(self) -> list[dict[str, Interval]]:
        """Of each width the 95 % intervals over images of the band's and the interior's error."""
        overall = self.counts[:, -1]
        zones = ({"band": band, "interior": overall - band} for band in np.moveaxis(self.counts[:, :-1], 1, 0))
        return [{name: ratio_interval(c[:, 1], c[:, 0]) for name, c in zone.items()} for zone in zones]


MeasuredBoundary = Measured[Predictions, BoundaryCounts]


def measure_boundaries(
    groups: Sequence[MeasuredGroup], options: BandOptions, progress: Progress = silent
) -> list[MeasuredBoundary]:
    """The boundary counts of every member of ``groups``, in order.

    Raises:
        ConfigError: a width below 1, or label maps that are needed but were not saved.
        DataError: a mask or label map cannot be read.
    """
    check_band(options.widths, options.distance, options.void_mode)
    options = BandOptions(tuple(sorted(set(options.widths))), options.distance, options.void_mode)
    members = [(group.name, member) for group in groups for member in group.members]
    counts = [_of_pass(member, options) for _, member in members]
    missing = [index for index, found in enumerate(counts) if found is None]
    if missing:
        from pixcon_diag.analyses.boundary_recount import recount  # imports PyTorch

        for index, found in zip(missing, recount([members[i][1] for i in missing], options, progress), strict=True):
            counts[index] = found
    return [
        Measured(name, member, BoundaryCounts(found, options))
        for (name, member), found in zip(members, counts, strict=True)
        if found is not None
    ]


def _of_pass(member: Predictions, options: BandOptions) -> np.ndarray | None:
    """The counts of these bands if the pass has them, else None."""
    if not isinstance(member, MeasuredPass):
        return None
    counted = member.options
    same = (options.distance, options.void_mode) == (counted.distance, counted.void_mode)
    if not same or not set(options.widths) <= set(counted.widths):
        return None
    rows = [counted.band_widths.index(width) for width in options.widths]
    return member.counts.boundary[:, [*rows, -1]]
