"""Check that saved label maps number the classes as the data set does."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pixcon_train.core.errors import DataError
from pixcon_train.core.void import void_of
from pixcon_train.data.masks import listed
from pixcon_train.data.reading import conversion
from pixcon_train.data.specs import DatasetSpec

_SHIFTED = 0.5
"""Mean precision over the predicted classes above which labels count as shifted."""
_ABSENT = 0.2
"""Share of pixels predicted as classes that no mask has above which a remark is made."""


class LabelSpace:
    """Values in the label maps of a list, counted against the targets."""

    def __init__(self, spec: DatasetSpec, folder: Path) -> None:
        self.spec, self.folder = spec, folder
        self.confusion = np.zeros((spec.num_classes, spec.num_classes + 2), dtype=np.int64)
        """Valid pixels by target and by value in the map: the classes, the value behind them, and larger values."""
        self.outside, self.held = (np.zeros(void_of(spec.num_classes) + 1, dtype=np.int64) for _ in range(2))
        """By value: valid pixels outside the classes, and all pixels."""
        self.files = 0
        self.foreign: list[Path] = []
        """Maps with values outside the classes."""

    def add(self, labels: np.ndarray, target: np.ndarray, file: Path) -> np.ndarray:
        """Count a map (H, W) against its target, both as read.

        Returns:
            Its valid pixels by target and predicted class, (K, K) int64, without values outside the classes.

        Raises:
            DataError: they differ in size.
        """
        if labels.shape != target.shape:
            sizes = [f"{array.shape[1]}×{array.shape[0]}" for array in (labels, target)]
            raise DataError(
                f"{file} is {sizes[0]} pixels, but its mask is {sizes[1]}. Save predictions at the mask's size."
            )
        classes = self.spec.num_classes
        valid = target != void_of(classes)
        values = labels[valid]
        cells = target[valid].astype(np.int64) * (classes + 2)
        cells += np.minimum(values, min(classes + 1, np.iinfo(values.dtype).max))
        counts = np.bincount(cells, minlength=classes * (classes + 2)).reshape(classes, classes + 2)
        self.confusion += counts
        self.held += np.bincount(labels.ravel(), minlength=len(self.held))
        self.files += 1
        if counts[:, classes:].any():
            self.foreign.append(file)
            self.outside += np.bincount(values[values >= classes], minlength=len(self.outside))
        return counts[:, :classes]

    def check(self) -> None:
        """Check the values of all maps together.

        Raises:
            DataError: their labels are shifted by one, or are not all classes.
        """
        self._check_shift(1)
        self._check_shift(-1)
        if not self.foreign:
            return
        classes = self.spec.num_classes
        values = np.flatnonzero(self.outside)
        share = 100 * self.outside.sum() / self.confusion.sum()
        first, count = self.foreign[0], len(self.foreign)
        maps = f"{count:,} of {self.files:,} label maps, {first} for one, predict" if count > 1 else f"{first} predicts"
        of = listed(values).removeprefix("the value").lstrip("s").strip()
        raise DataError(
            f"{maps} class {of}, but {self.spec.name} has classes 0..{classes - 1} ({share:.1f} % of valid pixels). "
            + self._remedy(set(values.tolist()))
        )

    def _remedy(self, values: set[int]) -> str:
        if values <= {void_of(self.spec.num_classes), self.spec.void}:
            return "Expected class indices, without void: save the most probable class of every pixel."
        return "Expected class indices. Were these maps saved for another data set?"

    def _check_shift(self, shift: int) -> None:
        """Raise where the values are ``shift`` above the classes."""
        classes = self.spec.num_classes
        unused = 0 if shift == 1 else classes - 1
        predicted = [value for value in range(max(shift, 0), classes + shift) if self.confusion[:, value].any()]
        if self.held[unused] or len(predicted) < 2 or self.confusion[:, classes + max(shift, 0) :].any():
            return
        total = self.confusion[:, predicted].sum(0)
        shifted = np.mean([self.confusion[v - shift, v] for v in predicted] / total)
        unshifted = np.mean([self.confusion[v, v] if v < classes else 0 for v in predicted] / total)
        if shifted < _SHIFTED or shifted < 2 * unshifted:
            return
        miou = [100 * self._miou(by) for by in (0, shift)]
        form = ", as in ADE20K's official form (0 is no class; mmsegmentation saves label + 1)" * (shift == 1)
        raise DataError(
            f"The labels of the maps in {self.folder} look one too {'high' if shift == 1 else 'low'}{form}: none is "
            f"{unused}, and the mIoU is {miou[0]:.2f} % as they are, {miou[1]:.2f} % with labels {-shift:+d}. Expected "
            f"0 for `{self.spec.classes[0]}`: {conversion(f'--shift {-shift}', self.spec, self.folder)}."
        )

    def _miou(self, shift: int) -> float:
        """Mean IoU over the classes that occur, of labels that are ``shift`` above the classes."""
        classes = self.spec.num_classes
        counts = np.roll(self.confusion, -shift, axis=1)[:, :classes]
        union = counts.sum(0) + self.confusion.sum(1) - np.diagonal(counts)
        return float((np.diagonal(counts)[union > 0] / union[union > 0]).mean())

    def notes(self) -> Iterator[str]:
        """Remarks on values that may be intended."""
        absent = [k for k in range(self.spec.num_classes) if not self.confusion[k].any() and self.confusion[:, k].any()]
        share = self.confusion[:, absent].sum() / max(1, self.confusion.sum())
        if share > _ABSENT:
            names = ", ".join(self.spec.classes[k] for k in absent[:5]) + (", …" if len(absent) > 5 else "")
            yield (
                f"{100 * share:.1f} % of the valid pixels in {self.folder} are predicted as classes that no mask of "
                f"the list has ({names}). Do the maps number the classes as {self.spec.name} does?"
            )
