"""Draws from the disagreement of two members: located, shown on a sheet, and scored by their answers."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pixcon_diag.measures.disagreement import Component, Disagreement, component_at, disagreement
from pixcon_diag.passes.predicted_maps import PredictedMaps
from pixcon_diag.sheets.answers import Given, decoded, require_no_gap
from pixcon_diag.sheets.crops import crop_around
from pixcon_diag.sheets.question import Answer, Classes, Question
from pixcon_train.core.errors import DataError
from pixcon_train.core.progress import Progress
from pixcon_train.data.images import read_image

SCORES: dict[Answer, int] = {"first": -1, "second": 1, "neither": 0}
"""Score of an answer: pixels on which the second prediction is right, minus those on which the first one is."""


class Pair(NamedTuple):
    """The two members of a duel."""

    first: PredictedMaps
    """Of the baseline."""
    second: PredictedMaps

    def maps(self, image: int) -> tuple[np.ndarray, np.ndarray]:
        """Both predictions of an image, (H, W) uint8.

        Saved label maps may hold no class where the mask is void: there is nothing to compare, and both are class 0.

        Raises:
            DataError: a label map cannot be read, or the two differ in size.
        """
        first, second = (member.label_maps.read(image) for member in self)
        if first.shape != second.shape:
            name = self.first.data.pairs[image].image
            raise DataError(
                f"{name}: the prediction of {self.first.name} has the size {_size(first)}, that of {self.second.name} "
                f"{_size(second)}. Expected label maps of the image's size from both."
            )
        compared = np.maximum(first, second) < self.first.data.spec.num_classes
        return first * compared, second * compared

    def disagreement(self, progress: Progress) -> Disagreement:
        """Count the disagreeing pixels of every image."""
        images = len(self.first.data.pairs)

        def counted() -> Iterator[tuple[np.ndarray, np.ndarray]]:
            for image in range(images):
                progress(image, images)
                yield self.maps(image)
            progress(images, images)

        return disagreement(counted(), self.first.data.spec.num_classes)


def _size(labels: np.ndarray) -> str:
    return "×".join(map(str, labels.shape[::-1]))


@dataclass(frozen=True)
class Draw:
    """One drawn pixel with its component."""

    number: int
    """From 1, in the order of drawing."""
    image: int
    name: str
    """Of the image."""
    place: int
    """Of the pixel among the disagreeing pixels of its image."""
    row: int
    column: int
    size: int
    """Pixels of the component."""
    first: int
    """Class that the baseline gives it."""
    second: int
    component: str


def locate(pair: Pair, drawn: Sequence[tuple[int, int]], progress: Progress) -> list[Draw]:
    """The draws of :func:`.sampling.drawn_pixels` with their components; every image is read once."""
    draws: dict[int, Draw] = {}
    by_image = sorted(range(len(drawn)), key=lambda at: drawn[at][0])
    for done, at in enumerate(by_image):
        progress(done, len(drawn))
        image, place = drawn[at]
        if not done or drawn[by_image[done - 1]][0] != image:
            maps = pair.maps(image)
        draws[at] = _draw(pair, at + 1, image, place, component_at(*maps, place))
    progress(len(drawn), len(drawn))
    return [draws[at] for at in range(len(drawn))]


def _draw(pair: Pair, number: int, image: int, place: int, found: Component) -> Draw:
    name, component = pair.first.data.pairs[image].image, f"{image}-{found.start}"
    return Draw(number, image, name, place, found.row, found.column, found.size, found.first, found.second, component)


def sheet_id(pair: Pair, counted: Disagreement, seed: int) -> str:
    """The id that ties answers to the images, both predictions and the seed."""
    names = "\n".join(item.image for item in pair.first.data.pairs)
    digest = hashlib.sha256(f"{seed}\n{names}".encode())
    digest.update(counted.disagreeing.tobytes() + counted.pairs.tobytes())
    return digest.hexdigest()[:12]


def questions(pair: Pair, draws: Sequence[Draw], progress: Progress) -> list[Question]:
    """A question for each draw.

    Raises:
        DataError: an image or a label map cannot be read, or they differ in size.
    """
    asked = []
    for done, draw in enumerate(draws):
        progress(done, len(draws))
        asked.append(_question(pair, draw))
    progress(len(draws), len(draws))
    return asked


def _question(pair: Pair, draw: Draw) -> Question:
    data = pair.first.data
    photograph = read_image(data.source.root / draw.name)
    region = component_at(*pair.maps(draw.image), draw.place).region
    if region.shape != photograph.shape[:2]:
        raise DataError(
            f"{draw.name}: the image has the size {_size(photograph[..., 0])}, its predictions {_size(region)}. "
            "Expected label maps of the image's size."
        )
    names, palette = data.spec.classes, data.spec.palette
    classes = Classes(names[draw.first], names[draw.second], (palette[draw.first], palette[draw.second]))
    crop = crop_around(photograph, region, (draw.row, draw.column))
    return Question(str(draw.number), draw.component, f"{draw.name}, {draw.size:,} pixels", classes, crop)


@dataclass(frozen=True)
class Scored:
    """A draw with its answer."""

    draw: Draw
    answer: Answer
    """Of the component, or of the drawn pixel if the component is mixed."""
    mixed: bool
    asked: bool
    """Whether this draw was answered itself; otherwise an earlier one of its component was."""

    @property
    def score(self) -> int:
        """See :data:`SCORES`."""
        return SCORES[self.answer]


def score(draws: Sequence[Draw], given: Mapping[str, Given], sheet: str) -> list[Scored]:
    """The draws up to the first one without an answer; later draws of a component take the answer of the first.

    Raises:
        DataError: a draw without an answer is followed by one with one; leaving out draws would bias the estimate.
    """
    scored: list[Scored] = []
    uniform: dict[str, Answer] = {}
    for place, draw in enumerate(draws):
        own = given.get(str(draw.number))
        if own is not None:
            mixed, answer = decoded(own.letters, sheet, draw.component)
            scored.append(Scored(draw, answer, mixed, asked=True))
            if not mixed:
                uniform.setdefault(draw.component, answer)
        elif draw.component in uniform:
            scored.append(Scored(draw, uniform[draw.component], mixed=False, asked=False))
        else:
            require_no_gap([str(one.number) for one in draws[place:]], given)
            break
    return scored
