"""The sheet of a label audit, and what its answers say: which labels are wrong, and what ρ_F is without them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np

from pixcon_diag.measures.label_errors import SuspectRegion, region_at
from pixcon_diag.passes.predictions import MeasuredPass, read_target
from pixcon_diag.sheets.answers import Given, decoded, require_no_gap
from pixcon_diag.sheets.crops import crop_around
from pixcon_diag.sheets.question import Answer, Classes, Question
from pixcon_diag.statistics.intervals import Interval
from pixcon_diag.statistics.sampling import drawn_pixels
from pixcon_diag.statistics.sequences import mean_sequence
from pixcon_diag.statistics.spread import NAN, quotient
from pixcon_train.core.progress import Progress
from pixcon_train.data.images import read_image

LEVEL = 0.95

Finding = Literal["label wrong", "prediction wrong", "both wrong", "ambiguous"]

FINDINGS: dict[Answer, Finding] = {
    "first": "prediction wrong",
    "second": "label wrong",
    "neither": "both wrong",
    "unclear": "ambiguous",
}
"""What an answer says, where the first class is the label's and the second one is predicted."""


class Ranked(NamedTuple):
    """A suspect region of an image."""

    image: int
    region: SuspectRegion


class Sampled(NamedTuple):
    """A sampled pixel that is retained and wrong."""

    image: int
    row: int
    column: int


@dataclass(frozen=True)
class Retained:
    """Retained pixels at a threshold, and a probability sample of the wrong ones."""

    tau: float
    counts: np.ndarray
    """(I, 3) int64: valid, retained and wrong retained pixels of each image."""

    @property
    def rho_f(self) -> float:
        """ρ_F with the labels as they are; NaN where no pixel is retained."""
        return quotient(self.counts[:, 2].sum(), self.counts[:, 1].sum())

    def sample(self, measured: MeasuredPass, number: int, seed: int, progress: Progress) -> list[Sampled]:
        """``number`` wrong retained pixels, drawn uniformly with replacement; the first are the same for every number.

        A region is thereby drawn with probability proportional to its size.
        """
        drawn = drawn_pixels(self.counts[:, 2], number, seed)
        found: dict[int, np.ndarray] = {}
        for done, image in enumerate(images := sorted({image for image, _ in drawn})):
            progress(done, len(images))
            found[image] = np.argwhere(self._wrong(measured, image))
        progress(len(found), len(found))
        return [Sampled(image, *map(int, found[image][place])) for image, place in drawn]

    def _wrong(self, measured: MeasuredPass, image: int) -> np.ndarray:
        """Wrong retained pixels of an image, (H, W) bool."""
        maps = measured.image(image)
        found: np.ndarray = maps.wrong & maps.retained(self.tau)
        return found


@dataclass(frozen=True)
class Review:
    """The answers of an audit."""

    retained: Retained
    top: Mapping[int, Finding]
    """By rank of the suspect region, from 1."""
    sample: Sequence[Finding]
    """Of the sampled pixels, in their order."""

    @property
    def label_errors(self) -> int:
        """Reviewed suspect regions whose label is wrong and whose prediction is right."""
        return sum(finding == "label wrong" for finding in self.top.values())

    def share(self, finding: Finding) -> float:
        """Share of the sampled pixels with a finding, unbiased for all wrong retained pixels; NaN without a sample."""
        return quotient(sum(one == finding for one in self.sample), len(self.sample))

    @property
    def corrected(self) -> float:
        """ρ_F without the pixels whose label is wrong and whose prediction is right."""
        return self.retained.rho_f * (1 - self.share("label wrong"))

    @cached_property
    def interval(self) -> Interval:
        """Interval of the corrected ρ_F on these images, valid however many answers the review stops at."""
        if not self.sample:
            return Interval(NAN, NAN, LEVEL)
        wrong_labels = np.array([finding == "label wrong" for finding in self.sample], dtype=np.float64)
        sequence, rho_f = mean_sequence(wrong_labels, level=LEVEL), self.retained.rho_f
        return Interval(rho_f * float(1 - sequence.high[-1]), rho_f * float(1 - sequence.low[-1]), LEVEL)

    @property
    def conclusion(self) -> str:
        """What follows, in a sentence."""
        top = f"{self.label_errors} of {len(self.top)} reviewed suspect regions are label errors"
        if not self.sample:
            return f"{top}; no sampled pixel is reviewed, so ρ_F is not corrected."
        low, high = self.interval.low, self.interval.high
        return (
            f"{top}. Of {len(self.sample)} sampled errors at τ = {self.retained.tau:g}, "
            f"{self.share('label wrong'):.0%} are errors of the label and {self.share('ambiguous'):.0%} are ambiguous "
            f"(counted as the teacher's): ρ_F = {self.retained.rho_f:.4f} becomes {self.corrected:.4f}, "
            f"{LEVEL:.0%} interval {low:.4f} … {high:.4f}."
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready content."""
        return {
            "top": {str(rank): finding for rank, finding in self.top.items()},
            "sample": list(self.sample),
            "shares": {finding: self.share(finding) for finding in FINDINGS.values()},
            "corrected_rho_f": self.corrected,
            "interval": asdict(self.interval),
            "conclusion": self.conclusion,
        }


def sheet_id(measured: MeasuredPass, ranked: Sequence[Ranked], retained: Retained, seed: int) -> str:
    """The id that ties answers to the images, the prediction, the labels, τ and the seed."""
    names = "\n".join(pair.image for pair in measured.data.pairs)
    digest = hashlib.sha256(f"{seed} {retained.tau}\n{names}".encode())
    digest.update(retained.counts.tobytes())
    digest.update(repr([(image, region.row, region.column, region.size) for image, region in ranked]).encode())
    return digest.hexdigest()[:12]


def review(given: Mapping[str, Given], sheet: str, retained: Retained) -> Review:
    """The review that answers give.

    Raises:
        DataError: a sampled pixel without an answer is followed by one with an answer.
    """
    findings = {name: FINDINGS[decoded(answer.letters, sheet, name)[1]] for name, answer in given.items()}
    numbers = [int(name[1:]) for name in findings if name[0] == "S"]
    names = [f"S{number}" for number in range(1, max(numbers, default=0) + 1)]
    require_no_gap(names, given)
    top = {int(name[1:]): finding for name, finding in findings.items() if name[0] == "T"}
    return Review(retained, dict(sorted(top.items())), [findings[name] for name in names])


def questions(
    measured: MeasuredPass, top: Sequence[Ranked], sample: Sequence[Sampled], progress: Progress
) -> list[Question]:
    """A question for each suspect region and for each sampled pixel.

    Raises:
        DataError: an image, mask or label map cannot be read.
    """
    asked = [(f"T{rank}", image, region.row, region.column) for rank, (image, region) in enumerate(top, 1)]
    asked += [(f"S{number}", *pixel) for number, pixel in enumerate(sample, 1)]
    made = []
    for done, (name, image, row, column) in enumerate(asked):
        progress(done, len(asked))
        made.append(_question(measured, name, image, row, column))
    progress(len(asked), len(asked))
    return made


def _question(measured: MeasuredPass, name: str, image: int, row: int, column: int) -> Question:
    data = measured.data
    target, prediction = read_target(data, image), measured.label_maps.read(image)
    region = region_at(target, prediction, row, column)
    first, second = target[row, column], prediction[row, column]
    path, names, palette = data.pairs[image].image, data.spec.classes, data.spec.palette
    crop = crop_around(read_image(data.source.root / path), region, (row, column))
    classes = Classes(names[first], names[second], (palette[first], palette[second]))
    return Question(name, name, f"{path}, {int(region.sum()):,} pixels", classes, crop)
