"""The check of all lists of a data set together, and of its recipe."""

import os
import posixpath
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pixcon_train.core.errors import ConfigError
from pixcon_train.core.progress import Progress, silent
from pixcon_train.data.dataset_check import DataReport, check_data
from pixcon_train.data.file_findings import Finding, named
from pixcon_train.data.lists import Pair
from pixcon_train.data.reading import Encoding
from pixcon_train.data.specs import DatasetSpec


@dataclass(frozen=True)
class NamedList:
    """One list of a data set."""

    split: str
    """`val`, `labeled` or `unlabeled`."""
    path: str
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class SetReport:
    """The findings on a data set's lists."""

    dataset: str
    root: str
    encoding: Encoding
    lists: tuple[tuple[NamedList, DataReport], ...]
    findings: tuple[Finding, ...]
    """Faults outside the files of a list: the recipe, images in two lists."""
    notes: tuple[str, ...]

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """All findings, including those of the lists; one shared by two lists (a number of classes) is given once."""
        found = [*self.findings, *(finding for _, report in self.lists for finding in report.findings)]
        return tuple(dict.fromkeys(found))

    @property
    def all_notes(self) -> tuple[str, ...]:
        """All notes, including those of the lists, which are named."""
        return self.notes + tuple(
            f"{listed.split} list: {note}" for listed, report in self.lists for note in report.notes
        )

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.all_findings

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON: sums over the lists, and each list."""
        reports = [report for _, report in self.lists]
        lists = [{"split": listed.split, "list": listed.path, **report.to_dict()} for listed, report in self.lists]
        return {
            "dataset": self.dataset,
            "root": self.root,
            "encoding": self.encoding,
            "pairs": sum(report.pairs for report in reports),
            "pixels": [sum(pixels) for pixels in zip(*(report.pixels for report in reports), strict=True)],
            "void": sum(report.void for report in reports),
            "lists": lists,
            "findings": [asdict(finding) for finding in self.all_findings],
            "notes": list(self.all_notes),
            "ok": self.ok,
        }


def check_lists(
    spec: DatasetSpec,
    root: Path,
    lists: Sequence[NamedList],
    *,
    encoding: Encoding,
    num_classes: int | None = None,
    progress: Progress = silent,
) -> SetReport:
    """Check every file of ``lists``, decoding it, the recipe, and images in two lists.

    Args:
        num_classes: of the model to be measured, if any.
    """
    images = {
        listed.split: [(os.path.realpath(root / pair.image), posixpath.normpath(pair.image)) for pair in listed.pairs]
        for listed in lists
    }
    shared = list(_shared(images))
    total = sum(len(listed.pairs) for listed in lists)
    reports: list[tuple[NamedList, DataReport]] = []

    def advance(done: int, _: int) -> None:
        progress(sum(report.pairs for _, report in reports) + done, total)

    for listed in lists:
        report = check_data(
            spec,
            root,
            listed.pairs,
            encoding=encoding,
            num_classes=num_classes,
            images="whole",
            masks_optional=listed.split == "unlabeled",
            progress=advance,
        )
        reports.append((listed, report))
    findings = [*_recipe(spec), *(Finding("", message) for fault, message in shared if fault)]
    notes = [message for fault, message in [*_twice(images), *shared] if not fault]
    return SetReport(spec.name, str(root), encoding, tuple(reports), tuple(findings), tuple(notes))


def _recipe(spec: DatasetSpec) -> Iterator[Finding]:
    """The data set's recipe, where a preset lacks it."""
    from pixcon_train.config.resolve import preset_layers, preset_names  # imported here: a pass on files needs neither

    for preset in preset_names():
        try:
            preset_layers(preset, spec.recipe)
        except ConfigError as error:
            yield Finding("", f"`recipe` of {spec.name}: {error}")
            return


Images = Mapping[str, Sequence[tuple[str, str]]]
"""By split: the path of each image, and its name in the list."""


def _number(images: Sequence[str]) -> str:
    return "1 image is" if len(images) == 1 else f"{len(images):,} images are"


def _twice(images: Images) -> Iterator[tuple[bool, str]]:
    """Lists that name an image more than once, which is no fault."""
    for split, listed in images.items():
        names = dict(reversed(listed))
        again = [names[path] for path, count in Counter(path for path, _ in listed).items() if count > 1]
        if again:
            yield False, f"{_number(again)} in the {split} list more than once: {named(again)}."


def _shared(images: Images) -> Iterator[tuple[bool, str]]:
    """Images that two lists share: whether that is a fault, and a sentence.

    Validation images must not be trained on; a labeled image may also be used without its labels.
    """
    for one, other in (("labeled", "val"), ("unlabeled", "val"), ("labeled", "unlabeled")):
        others = {path for path, _ in images.get(other, ())}
        names = dict(reversed(images.get(one, ())))
        both = [names[path] for path in dict.fromkeys(path for path, _ in images.get(one, ())) if path in others]
        if not both:
            continue
        found = f"{_number(both)} in both the {one} and the {other} list: {named(both)}."
        if other == "val":
            yield True, f"{found} A validation image must not be trained on; take them out of one list."
        else:
            yield False, f"{found} They are trained on with their labels and without."
