"""Boundary counts of every image, from label maps: the network is not needed again for another width."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from pixcon_diag.analyses.measured import Measured
from pixcon_diag.measures.boundary import boundary_bands, boundary_statistics
from pixcon_diag.measures.boundary_result import BoundaryResult
from pixcon_diag.passes.measured import MeasuredGroup, Predictions, read_truth
from pixcon_diag.passes.options import BandOptions
from pixcon_train.core.progress import Progress, silent
from pixcon_train.core.void import VOID


@dataclass(frozen=True)
class BoundaryCounts:
    """Pixels and errors of every image inside the bands and in all of it."""

    counts: np.ndarray
    """(I, W + 1, 2) int64: pixels and wrong pixels of each image in each band, ascending, and in all of it."""
    options: BandOptions

    @cached_property
    def rates(self) -> BoundaryResult:
        """Error rates pooled over the images."""
        return BoundaryResult.from_counts(self.options.widths, self.counts.sum(0).tolist())


MeasuredBoundary = Measured[Predictions, BoundaryCounts]


def measure_boundaries(
    groups: Sequence[MeasuredGroup], options: BandOptions, progress: Progress = silent
) -> list[MeasuredBoundary]:
    """The boundary counts of every member of ``groups``, in order; the bands of a list are found once for all.

    Raises:
        ConfigError: a width below 1, or label maps that were not kept.
        DataError: a mask or label map cannot be read.
    """
    options = BandOptions(tuple(sorted(set(options.widths))), options.distance, options.void_mode)
    members = [(group.name, member) for group in groups for member in group.members]
    lists: dict[str, list[int]] = {}
    for index, (_, member) in enumerate(members):
        lists.setdefault(repr(member.provenance.data), []).append(index)
    counts: dict[int, np.ndarray] = {}
    total, done = sum(len(members[indices[0]][1].data.pairs) for indices in lists.values()), 0
    for indices in lists.values():
        images = len(members[indices[0]][1].data.pairs)
        rows: list[list[torch.Tensor]] = [[] for _ in indices]
        for image in range(images):
            progress(done, total)
            for own, statistics in zip(rows, _image([members[i][1] for i in indices], image, options), strict=True):
                own.append(statistics)
            done += 1
        counts |= {index: torch.stack(own).numpy() for index, own in zip(indices, rows, strict=True)}
    progress(total, total)
    return [Measured(name, member, BoundaryCounts(counts[i], options)) for i, (name, member) in enumerate(members)]


def _image(members: Sequence[Predictions], image: int, options: BandOptions) -> list[torch.Tensor]:
    """Counts (W + 1, 2) of one image for each of ``members``, whose list is the same."""
    truth = read_truth(members[0].data, image)[None]
    bands = boundary_bands(truth, options.widths, void=VOID, distance=options.distance, void_mode=options.void_mode)
    maps = [member.label_maps.read(image).long()[None] for member in members]
    return [boundary_statistics(prediction, truth, bands, void=VOID)[0] for prediction in maps]
