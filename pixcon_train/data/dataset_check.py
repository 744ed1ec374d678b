"""Checks of a data set before training or measurement (measurements, section 9)."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from pixcon_train.core.errors import DataError
from pixcon_train.core.paths import is_file, resolved
from pixcon_train.core.progress import Progress, silent, tracked
from pixcon_train.core.void import void_of
from pixcon_train.data.confinement import outside_note
from pixcon_train.data.file_findings import Finding, Gathered
from pixcon_train.data.image_headers import check_sizes, read_image_header
from pixcon_train.data.image_preparation import ImageNotes
from pixcon_train.data.images import read_image
from pixcon_train.data.lists import Pair
from pixcon_train.data.masks import listed
from pixcon_train.data.reading import INVALID, Encoding, conversion, expected_labels, lookup, read_stored, remedy
from pixcon_train.data.specs import ONE_CLASS, DatasetSpec

Images = Literal["none", "size", "whole"]
"""How images are checked: not at all, by their headers, or by decoding them, which finds damaged ones."""

_MUCH = 0.001
"""Share of void from which masks of one class and void count as suspicious."""


@dataclass(frozen=True)
class DataReport:
    """Result of the check of a list."""

    dataset: str
    root: str
    pairs: int
    """Pairs checked."""
    encoding: Encoding
    """How the masks encode labels."""
    pixels: tuple[int, ...]
    """Labeled pixels per class."""
    masks: tuple[int, ...]
    """Masks with a pixel of each class."""
    void: int
    """Void pixels."""
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    """Observations that may be intended."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self) | {"ok": self.ok}

    def raise_for_findings(self) -> None:
        """Raise the first finding, with the number of others.

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
    """Check every pair of a list.

    Args:
        num_classes: of the model to be measured, if any; masks must not hold more.
        images: how images are checked.
        masks_optional: masks may be missing, as in an unlabeled list.
    """
    classes = []
    if num_classes is not None and num_classes != spec.num_classes:
        classes = [Finding("", f"The checkpoint {spec.misfit(num_classes)}")]
        pairs = ()  # against another number of classes every mask would be wrong
    counts = _Counts(spec, root, encoding)
    for pair in tracked(pairs, progress):
        counts.check(pair, images, masks_optional)
    findings = [*classes, *counts.gathered.findings(len(pairs)), *counts.foreign_values(), *counts.two_values()]
    order = {pair.mask or pair.image: position for position, pair in reversed(list(enumerate(pairs)))}
    return DataReport(
        dataset=spec.name,
        root=str(root),
        pairs=len(pairs),
        encoding=encoding,
        pixels=tuple(counts.by_label(counts.pixels)[: spec.num_classes].tolist()),
        masks=tuple(counts.by_label(counts.holding)[: spec.num_classes].tolist()),
        void=counts.void,
        findings=tuple(sorted(findings, key=lambda finding: order.get(finding.file, -1))),
        notes=(*counts.notes(), *outside_note(pairs, root)),
    )


class _Counts:
    """Counts over the pairs of one list."""

    def __init__(self, spec: DatasetSpec, root: Path, encoding: Encoding) -> None:
        self.spec, self.root, self.encoding = spec, root, encoding
        self.meaning = lookup(spec, encoding)
        self.pixels = np.zeros(len(self.meaning), dtype=np.int64)
        """By stored value."""
        self.holding = np.zeros(len(self.meaning), dtype=np.int64)
        """Masks with each value."""
        self.masks = 0
        self.absent = 0
        """Optional masks that are missing."""
        self.images = ImageNotes()
        self.foreign: dict[str, np.ndarray] = {}
        """Values outside the labels, by mask."""
        self.gathered = Gathered()

    def check(self, pair: Pair, images: Images, masks_optional: bool) -> None:
        """Check an image and its mask; errors are gathered."""
        mask = pair.mask
        if mask is not None and masks_optional and not is_file(self.root / mask):
            mask, self.absent = None, self.absent + 1
        try:
            self._check(pair.image, mask, images)
        except DataError as error:
            paths = [str(self.root / file) for file in pair if file is not None]
            self.gathered.add(pair.mask or pair.image, str(error) + self._where(pair), paths)

    def _check(self, image: str, mask: str | None, images: Images) -> None:
        if mask is not None:
            self._count(mask, read_stored(self.root / mask, self.spec))
        if images == "none":
            return
        path = self.root / image
        header = read_image_header(path) if mask is None else check_sizes(path, self.root / mask)
        self.images.add(path, header)
        if images == "whole":
            read_image(path)

    def _count(self, mask: str, stored: np.ndarray) -> None:
        histogram = np.bincount(stored.ravel(), minlength=len(self.pixels))
        self.pixels += histogram
        self.holding += histogram > 0
        self.masks += 1
        foreign = np.flatnonzero((histogram > 0) & (self.meaning == INVALID))
        if len(foreign):
            self.foreign[mask] = foreign

    def by_label(self, counts: np.ndarray) -> np.ndarray:
        """Counts by stored value as counts by label, with void and values outside the labels."""
        found = np.zeros(2**16, dtype=np.int64)
        np.add.at(found, self.meaning, counts)
        return found

    @property
    def void(self) -> int:
        """Void pixels."""
        return int(self.pixels[self.meaning == void_of(self.spec.num_classes)].sum())

    def _where(self, pair: Pair) -> str:
        """Where a missing file is instead, if known."""
        missing = next((file for file in pair if file is not None and not is_file(self.root / file)), None)
        if missing is None:
            return ""
        above = resolved(self.root).parent
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
        """The remedy for labels that are spread over 0..255, for display."""
        values, count = np.flatnonzero(self.pixels), self.spec.num_classes
        void_first = self.encoding == "raw"
        if len(values) != count + void_first or values[0] != 0 or values[-1] != 255 or np.ptp(np.diff(values)) > 1:
            return ""
        changes = " ".join(f"--map {value}={label}" for label, value in enumerate(values) if label)
        what = f"The {count} classes" + " and void" * void_first
        return f"{what} seem to be spread over 0..255: {conversion(changes, self.spec)}."

    def _one_too_high(self, values: np.ndarray) -> str:
        """The remedy for labels from 1 on, in masks without a value for no data."""
        first = self.spec.first_label
        if self.pixels[first] or values.tolist() != [self.spec.num_classes + first] or self.spec.labels != "index":
            return ""
        return (
            f"No mask holds {first}, so that the labels seem to be one too high: {conversion('--shift -1', self.spec)}."
        )

    def two_values(self) -> Iterator[Finding]:
        """Masks of only 0 and void, if the description does not set void."""
        if self._only_void() and "void" not in self.spec.model_fields_set:
            void = self.spec.void
            yield Finding("", f"{self._two_values()} If {void} is void, say `void: {void}` in the data set's YAML.")

    def notes(self) -> Iterator[str]:
        """Observations that may be intended."""
        if self._only_void() and "void" in self.spec.model_fields_set:
            yield self._two_values()
        yield from self._unknown_encoding()
        yield from self.images.sentences()
        if self.absent:
            yield f"{self.absent:,} masks of the unlabeled list are missing; they are only used for measurement."

    def _unknown_encoding(self) -> Iterator[str]:
        """A note if no mask distinguishes ADE20K's two encodings."""
        spec, count = self.spec, self.spec.num_classes
        telling = self.holding[[count, spec.void]].any()
        if spec.labels == "ade20k" and spec.void and self.encoding == "raw" and self.masks and not telling:
            yield (
                f"No mask holds {count} or {spec.void}, so that the encoding of the masks is unknown: they are read as "
                f"raw (0 is other, 1 is `{spec.classes[0]}`). If 0 is `{spec.classes[0]}`, say --labels shifted."
            )

    def _only_void(self) -> bool:
        """Whether masks hold only the first class and a notable share of void."""
        present = np.flatnonzero(self.by_label(self.pixels)[: self.spec.num_classes])
        return present.tolist() == [0] and not self.foreign and bool(self.void > _MUCH * self.pixels.sum())

    def _two_values(self) -> str:
        void, others = self.spec.void, self.spec.classes[1:]
        if not others:
            share = self._share([void])
            return f"Void ({void}) holds {share} of the pixels, which are never counted. {ONE_CLASS}"
        names = ", ".join(f"`{name}`" for name in others[:3]) + (", …" if len(others) > 3 else "")
        found = (
            f"No pixel of {names} in any of {self.masks:,} masks, while {void} (void) holds {self._share([void])} of "
            "the pixels. Void pixels are never counted. "
        )
        if void == 0:
            return f"{found}Of masks of 0 and 1 leave `void` out: with `void: 0` the classes are 1 and 2."
        label = "1" if len(others) == 1 else "LABEL"
        return (
            f"{found}Masks of 0 and {void} need 0 and the label of the class: "
            f"{conversion(f'--map {void}={label}', self.spec)}."
        )

    def _share(self, values: np.ndarray | list[int]) -> str:
        share = 100 * self.pixels[values].sum() / self.pixels.sum()
        return f"{share:.1f} %" if share >= 0.1 else "less than 0.1 %"
