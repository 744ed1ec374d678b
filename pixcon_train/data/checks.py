"""Looking over a data set before anything is trained or measured on it (measurements, section 9)."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pixcon_train.data.headers import check_sizes
from pixcon_train.data.images import read_image
from pixcon_train.data.lists import Pair
from pixcon_train.data.masks import read_indices
from pixcon_train.data.reading import Encoding, labels_of, lookup
from pixcon_train.data.specs import DatasetSpec
from pixcon_train.errors import DataError
from pixcon_train.progress import Progress, silent


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    file: str
    message: str
    """What was found, what was expected, and what to do."""


@dataclass(frozen=True)
class DataReport:
    """What a look over a data set found."""

    dataset: str
    root: str
    pairs: int
    """Pairs looked at."""
    encoding: Encoding
    """How the masks hold labels."""
    pixels: tuple[int, ...]
    """Labeled pixels per class."""
    void: int
    """Void pixels."""
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self) | {"ok": self.ok}

    def raise_for_findings(self) -> None:
        """Raise the first finding, and say how many there are.

        Raises:
            DataError: there is one.
        """
        if self.ok:
            return
        more = len(self.findings) - 1
        hint = f" ({more} more: `pixcon-diag check-data` lists them)" if more else ""
        raise DataError(self.findings[0].message + hint)


def check_data(
    spec: DatasetSpec,
    root: Path,
    pairs: Sequence[Pair],
    *,
    encoding: Encoding,
    num_classes: int | None = None,
    decode_images: bool = False,
    progress: Progress = silent,
) -> DataReport:
    """Look at every pair of a list.

    Args:
        num_classes: of the model to be measured, if any; masks must not hold more.
        decode_images: read images whole, which finds damaged ones; otherwise only their size.
    """
    pixels = np.zeros(256, dtype=np.int64)
    findings = list(_class_count(spec, num_classes))
    pairs = () if findings else pairs  # against another number of classes every mask would be wrong
    progress(0, len(pairs))
    for done, pair in enumerate(pairs, 1):
        try:
            pixels += _check_pair(spec, root, pair, encoding, decode_images)
        except DataError as error:
            findings.append(Finding(pair.mask or pair.image, str(error)))
        progress(done, len(pairs))
    meaning = lookup(spec, encoding)
    per_class = tuple(int(pixels[meaning == k].sum()) for k in range(spec.num_classes))
    void = int(pixels.sum()) - sum(per_class)
    return DataReport(spec.name, str(root), len(pairs), encoding, per_class, void, tuple(findings))


def _class_count(spec: DatasetSpec, num_classes: int | None) -> Iterator[Finding]:
    if num_classes is not None and num_classes != spec.num_classes:
        yield Finding(
            "",
            f"The checkpoint predicts {num_classes} classes but {spec.name} has {spec.num_classes}. "
            "Choose the data set that it was trained on with --dataset.",
        )


def _check_pair(spec: DatasetSpec, root: Path, pair: Pair, encoding: Encoding, decode: bool) -> np.ndarray:
    """Histogram of the mask's stored values (256,).

    Raises:
        DataError: what is wrong with the pair.
    """
    assert pair.mask is not None
    image, mask = root / pair.image, root / pair.mask
    check_sizes(image, mask)
    stored = read_indices(mask)
    labels_of(stored, mask, spec, encoding)
    if decode:
        read_image(image)
    return np.bincount(stored.ravel(), minlength=256)
