"""Prediction and confidence of sampled pixels, from the maps of a pass."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from pixcon_diag.passes.predictions import MeasuredPass
from pixcon_train.core.errors import DataError
from pixcon_train.core.progress import Progress, silent


class SampledMaps(NamedTuple):
    """What a checkpoint predicts at some pixels, in their order."""

    predicted: tuple[int, ...] | None
    """Predicted classes; None where the label maps were not cached."""
    confidence: tuple[float, ...] | None
    """Lower edge of the bin that holds each confidence; None where the confidence maps were not cached."""


def sampled_maps(
    member: MeasuredPass, pixels: Sequence[tuple[str, int, int]], progress: Progress = silent
) -> SampledMaps:
    """The maps' values at pixels given by image, row and column; sampled positions and maps are at the masks' size.

    Raises:
        DataError: a map is missing or damaged, or lacks such a pixel.
    """
    total = 2 * len(pixels)
    predicted = confidence = None
    if member.maps is not None:
        values = _at(member, pixels, member.maps.read, lambda done: progress(done, total))
        predicted = tuple(values.tolist())
    if member.confidence is not None:
        bins = _at(member, pixels, member.confidence.read, lambda done: progress(len(pixels) + done, total))
        confidence = tuple(np.asarray(member.confidence.edges)[bins].tolist())
    progress(total, total)
    return SampledMaps(predicted, confidence)


def _at(
    member: MeasuredPass,
    pixels: Sequence[tuple[str, int, int]],
    read: Callable[[int], np.ndarray],
    step: Callable[[int], None],
) -> np.ndarray:
    """(M,) int64: the value of each pixel; every image's map is read once."""
    place_of = {pair.image: place for place, pair in enumerate(member.data.pairs)}
    of_image: dict[str, list[int]] = {}
    for number, (image, _, _) in enumerate(pixels):
        of_image.setdefault(image, []).append(number)
    values, done = np.zeros(len(pixels), dtype=np.int64), 0
    for image, numbers in of_image.items():
        step(done)
        rows, columns = np.array([pixels[number][1:] for number in numbers]).T
        found = read(place_of[image]) if image in place_of else np.zeros((0, 0))
        if min(rows.min(), columns.min()) < 0 or rows.max() >= found.shape[0] or columns.max() >= found.shape[1]:
            raise DataError(
                f"The sampled pixels of {member.name} lie outside of its maps, here in {image}: the pass cached in "
                f"{member.folder} is damaged. Remove its folder and run the command again."
            )
        values[numbers] = found[rows, columns]
        done += len(numbers)
    return values
