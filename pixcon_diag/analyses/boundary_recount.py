"""Boundary counts of every image from label maps: for bands outside the pass and for saved predictions."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from pixcon_diag.measures.boundary import boundary_bands, boundary_statistics
from pixcon_diag.passes.options import BandOptions
from pixcon_diag.passes.predictions import Predictions, read_target
from pixcon_train.core.progress import Progress
from pixcon_train.core.void import void_of


def recount(members: Sequence[Predictions], options: BandOptions, progress: Progress) -> list[np.ndarray]:
    """Counts (I, W + 1, 2) of each member; the bands of a list are computed once for all its members.

    Raises:
        ConfigError: label maps that were not saved.
        DataError: a mask or label map cannot be read.
    """
    lists: dict[str, list[int]] = {}
    for index, member in enumerate(members):
        lists.setdefault(repr(member.provenance.data), []).append(index)
    rows: list[list[np.ndarray]] = [[] for _ in members]
    done, total = 0, sum(len(members[indices[0]].data.pairs) for indices in lists.values())
    for indices in lists.values():
        same = [members[index] for index in indices]
        for image in range(len(same[0].data.pairs)):
            progress(done, total)
            for index, counts in zip(indices, _image(same, image, options), strict=True):
                rows[index].append(counts)
            done += 1
    progress(total, total)
    return [np.stack(counts) for counts in rows]


def _image(members: Sequence[Predictions], image: int, options: BandOptions) -> Iterator[np.ndarray]:
    """Counts (W + 1, 2) of one image for each of ``members``, which share a list."""
    void = void_of(members[0].data.spec.num_classes)
    target = torch.from_numpy(read_target(members[0].data, image))[None]
    bands = boundary_bands(target, options.widths, void=void, distance=options.distance, void_mode=options.void_mode)
    for member in members:
        prediction = torch.from_numpy(member.label_maps.read(image))[None]
        yield boundary_statistics(prediction, target, bands, void=void)[0].numpy()
