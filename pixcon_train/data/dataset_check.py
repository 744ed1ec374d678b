"""Looking over a data set before anything is trained or measured on it (measurements, section 9)."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from pixcon_train.core.errors import DataError
from pixcon_train.core.files import is_file
from pixcon_train.core.progress import Progress, silent
from pixcon_train.core.void import VOID
from pixcon_train.data.file_findings import Finding, Gathered
from pixcon_train.data.image_headers import check_sizes, read_image_header
from pixcon_train.data.image_preparation import ImageNotes
from pixcon_train.data.images import read_image
from pixcon_train.data.lists import Pair
from pixcon_train.data.masks import listed, read_indices
from pixcon_train.data.reading import Encoding, expected_labels, lookup, remedy
from pixcon_train.data.specs import DatasetSpec

Images = Literal["none", "size", "whole"]
"""How far images are looked at: not at all, their headers, or all their pixels, which finds damaged ones."""

_MUCH = 0.001
"""Share of void in masks of one class from which on it is taken for the other one."""


@dataclass(frozen=True)
class DataReport:
    """What a look over a list of a data set found."""

    dataset: str
    root: str
    pairs: int
    """Pairs looked at."""
    encoding: Encoding
    """How the masks hold labels."""
    pixels: tuple[int, ...]
    """Labeled pixels per class."""
    masks: tuple[int, ...]
    """Masks that hold a pixel of each class."""
    void: int
    """Void pixels."""
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    """What may be meant, and should be known."""

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
    images: Images = "size",
    masks_optional: bool = False,
    progress: Progress = silent,
) -> DataReport:
    """Look at every pair of a list.

    Args:
        num_classes: of the model to be measured, if any; masks must not hold more.
        images: how far images are looked at.
        masks_optional: a mask need not be there, as in an unlabeled list.
    """
    classes = list(_class_count(spec, num_classes))
    pairs = () if classes else pairs  # against another number of classes every mask would be wrong
    counts = _Counts(spec, root, encoding)
    progress(0, len(pairs))
    for done, pair in enumerate(pairs, 1):
        counts.look_at(pair, images, masks_optional)
        progress(done, len(pairs))
    findings = [*classes, *counts.gathered.findings(len(pairs)), *counts.foreign_values(), *counts.two_values()]
    order = {pair.mask or pair.image: position for position, pair in reversed(list(enumerate(pairs)))}
    labels = [counts.meaning == k for k in range(spec.num_classes)]
    return DataReport(
        dataset=spec.name,
        root=str(root),
        pairs=len(pairs),
        encoding=encoding,
        pixels=tuple(int(counts.pixels[label].sum()) for label in labels),
        masks=tuple(int(counts.holding[label].sum()) for label in labels),
        void=int(counts.pixels[counts.meaning == VOID].sum()),
        findings=tuple(sorted(findings, key=lambda finding: order.get(finding.file, -1))),
        notes=tuple(counts.notes()),
    )


def _class_count(spec: DatasetSpec, num_classes: int | None) -> Iterator[Finding]:
    if num_classes is not None and num_classes != spec.num_classes:
        yield Finding(
            "",
            f"The checkpoint predicts {num_classes} classes but {spec.name} has {spec.num_classes}. "
            "Choose the data set that it was trained on with --dataset.",
        )


class _Counts:
    """What the pairs of one list hold."""

    def __init__(self, spec: DatasetSpec, root: Path, encoding: Encoding) -> None:
        self.spec, self.root, self.encoding = spec, root, encoding
        self.meaning = lookup(spec, encoding)
        self.pixels = np.zeros(256, dtype=np.int64)
        """By stored value."""
        self.holding = np.zeros(256, dtype=np.int64)
        """Masks that hold a value."""
        self.masks = 0
        self.absent = 0
        """Masks that need not be there and are not."""
        self.images = ImageNotes()
        self.foreign: dict[str, np.ndarray] = {}
        """Values that are no label, by mask."""
        self.gathered = Gathered()

    def look_at(self, pair: Pair, images: Images, masks_optional: bool) -> None:
        """Look at an image and its mask, and go on whatever is wrong with them."""
        mask = pair.mask
        if mask is not None and masks_optional and not is_file(self.root / mask):
            mask, self.absent = None, self.absent + 1
        try:
            self._look_at(pair.image, mask, images)
        except DataError as error:
            paths = [str(self.root / file) for file in pair if file is not None]
            self.gathered.add(pair.mask or pair.image, str(error) + self._where(pair), paths)

    def _look_at(self, image: str, mask: str | None, images: Images) -> None:
        if mask is not None:
            self._count(mask, read_indices(self.root / mask))
        if images == "none":
            return
        path = self.root / image
        header = read_image_header(path) if mask is None else check_sizes(path, self.root / mask)
        self.images.add(path, header)
        if images == "whole":
            read_image(path)

    def _count(self, mask: str, stored: np.ndarray) -> None:
        histogram = np.bincount(stored.ravel(), minlength=256)
        self.pixels += histogram
        self.holding += histogram > 0
        self.masks += 1
        foreign = np.flatnonzero((histogram > 0) & (self.meaning > VOID))
        if len(foreign):
            self.foreign[mask] = foreign

    def _where(self, pair: Pair) -> str:
        """Where a missing file lies instead, if it can be told."""
        missing = next((file for file in pair if file is not None and not is_file(self.root / file)), None)
        if missing is None:
            return ""
        above = self.root.resolve().parent
        if is_file(above / missing):
            return f" It is there below {above}: give that as the data root."
        if missing.startswith("/"):
            below = self.root / missing.lstrip("/")
            return f" The list's path starts with a slash, and there is nothing at {below} either."
        return " The list's path holds backslashes; none leads to a file." if "\\" in missing else ""

    def foreign_values(self) -> Iterator[Finding]:
        """Values that no class has, in all masks together."""
        if not self.foreign:
            return
        files = tuple(self.foreign)
        values = np.unique(np.concatenate(list(self.foreign.values())))
        first = self.root / files[0]
        masks = f"{len(files):,} of {self.masks:,} masks, {first} for one, hold" if len(files) > 1 else f"{first} holds"
        yield Finding(
            files[0],
            f"{masks} {listed(values)} in {self._share(values)} of all pixels – not a class of {self.spec.name} and "
            f"not void: expected {expected_labels(self.spec, self.encoding)}. "
            + (self._stretched() or self._one_too_high(values) or remedy(values.tolist(), self.spec)),
            files,
        )

    def _stretched(self) -> str:
        """What to do with labels that were spread over 0..255, so that the masks can be looked at."""
        values, count = np.flatnonzero(self.pixels), self.spec.num_classes
        void_first = self.encoding == "raw"
        if len(values) != count + void_first or values[0] != 0 or values[-1] != 255 or np.ptp(np.diff(values)) > 1:
            return ""
        changes = " ".join(f"--map {value}={label}" for label, value in enumerate(values) if label)
        what = f"The {count} classes" + " and void" * void_first
        return f"{what} seem to be spread over 0..255: `pixcon-diag convert-masks IN OUT {changes}`."

    def _one_too_high(self, values: np.ndarray) -> str:
        """What to do with labels that count from 1, in masks without a value for no data."""
        first = self.spec.first_label
        if self.pixels[first] or values.tolist() != [self.spec.num_classes + first] or self.spec.labels != "index":
            return ""
        return (
            f"No mask holds {first}, so that the labels seem to be one too high: "
            "`pixcon-diag convert-masks IN OUT --shift -1`."
        )

    def two_values(self) -> Iterator[Finding]:
        """Masks of 0 and void where void was not said to be meant."""
        if self._only_void() and "void" not in self.spec.model_fields_set:
            void = self.spec.void
            yield Finding("", f"{self._two_values()} If {void} is void, say `void: {void}` in the data set's YAML.")

    def notes(self) -> Iterator[str]:
        """What may be meant, and should be known."""
        if self._only_void() and "void" in self.spec.model_fields_set:
            yield self._two_values()
        yield from self._untold_form()
        yield from self.images.sentences()
        if self.absent:
            yield f"{self.absent:,} masks of the unlabeled list are not there; they would only serve to measure."

    def _untold_form(self) -> Iterator[str]:
        """That no mask tells ADE20K's two forms apart."""
        spec, count = self.spec, self.spec.num_classes
        telling = self.holding[[count, spec.void]].any()
        if spec.labels == "ade20k" and spec.void and self.encoding == "raw" and self.masks and not telling:
            yield (
                f"No mask holds {count} or {spec.void}, so that the form of the masks cannot be told: they are read as "
                f"raw (0 is other, 1 is `{spec.classes[0]}`). If 0 is `{spec.classes[0]}`, say --labels shifted."
            )

    def _only_void(self) -> bool:
        """Whether masks show the first class and void alone, and much of the latter."""
        present = [k for k in range(self.spec.num_classes) if self.pixels[self.meaning == k].any()]
        void = self.pixels[self.meaning == VOID].sum()
        return present == [0] and not self.foreign and bool(void > _MUCH * self.pixels.sum())

    def _two_values(self) -> str:
        void, others = self.spec.void, self.spec.classes[1:]
        names = ", ".join(f"`{name}`" for name in others[:3]) + (", …" if len(others) > 3 else "")
        found = (
            f"No pixel of {names} in any of {self.masks:,} masks, while {void} (void) holds {self._share([void])} of "
            "the pixels. Void pixels are never counted. "
        )
        if void == 0:
            return f"{found}Of masks of 0 and 1 leave `void` out: with `void: 0` the classes are 1 and 2."
        label = "1" if len(others) == 1 else "LABEL"
        return (
            f"{found}Masks of 0 and {void} need 0 and the label of the class: `pixcon-diag convert-masks IN OUT --map "
            f"{void}={label}`."
        )

    def _share(self, values: np.ndarray | list[int]) -> str:
        share = 100 * self.pixels[values].sum() / self.pixels.sum()
        return f"{share:.1f} %" if share >= 0.1 else "less than 0.1 %"
