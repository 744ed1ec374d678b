"""Does a label audit find label errors? Regions of the masks are relabelled on purpose, then ranked and reviewed.

Prints precision and recall of the ranking, and how often the interval of the corrected ρ_F contains ρ_F by the masks as
they were. The masks as they were answer in place of a person.

    python benchmarks/label_errors.py runs/a --list unlabeled.txt --seeds 5
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pixcon_diag.data.evaluation_data import DataChoice
from pixcon_diag.groups.options import StudyOptions
from pixcon_diag.measures.label_errors import SuspectRegion, equal_regions, region_at, suspect_regions
from pixcon_diag.passes.predictions import MeasuredPass, read_target
from pixcon_diag.statistics.sequences import log_capital
from pixcon_diag.statistics.spread import quotient
from pixcon_diag.study import Study
from pixcon_train.core.void import VOID

SHARE = 0.02
"""Regions relabelled."""
SMALLEST = 100
"""Pixels of the smallest region that is relabelled or counted."""
REVIEWS, ANSWERS = 500, 100


class Maps(NamedTuple):
    """An image: (H, W) target, prediction and confidence."""

    target: np.ndarray
    prediction: np.ndarray
    confidence: np.ndarray


class Planted(NamedTuple):
    """A region that was relabelled."""

    image: int
    pixels: np.ndarray
    """(H, W) bool."""


def read_maps(measured: MeasuredPass) -> list[Maps]:
    """The maps of every image of a pass."""
    edges = np.array(measured.confidence_maps.edges)
    return [
        Maps(
            read_target(measured.data, image),
            measured.label_maps.read(image),
            edges[measured.confidence_maps.read(image)],
        )
        for image in range(len(measured.data.pairs))
    ]


def relabel(
    targets: Sequence[np.ndarray], classes: int, rng: np.random.Generator, share: float = SHARE
) -> tuple[list[np.ndarray], list[Planted]]:
    """The targets with a share of their regions given another class, and those regions."""
    numbered = [equal_regions(target, target != VOID) for target in targets]
    sizes = [np.bincount(numbers.ravel()) for numbers in numbered]
    regions = [(i, n) for i, size in enumerate(sizes) for n in range(1, len(size)) if size[n] >= SMALLEST]
    changed, planted = [target.copy() for target in targets], []
    for place in rng.choice(len(regions), round(share * len(regions)), replace=False):
        image, number = regions[place]
        pixels = numbered[image] == number
        before = targets[image][pixels][0]
        changed[image][pixels] = rng.choice([k for k in range(classes) if k != before])
        planted.append(Planted(image, pixels))
    return changed, planted


def ranking(maps: Sequence[Maps], targets: Sequence[np.ndarray]) -> list[tuple[int, SuspectRegion]]:
    """Suspect regions of all images by score, as the command ranks them."""
    found = [
        (image, region)
        for image, (one, target) in enumerate(zip(maps, targets, strict=True))
        for region in suspect_regions(target, one.prediction, one.confidence, void=VOID)
    ]
    return sorted(found, key=lambda one: -one[1].score)


def is_label_error(one: Maps, target: np.ndarray, region: SuspectRegion) -> bool:
    """Whether most pixels of a suspect region were relabelled, and are predicted as they were labelled before."""
    pixels = region_at(target, one.prediction, region.row, region.column)
    return bool((one.target == one.prediction)[pixels].mean() > 0.5)


def found(planted: Sequence[Planted], ranked: Sequence[tuple[int, SuspectRegion]]) -> int:
    """Number of planted regions in which a suspect region lies."""
    places = [(image, region.row, region.column) for image, region in ranked]
    return sum(any(image == p.image and p.pixels[row, column] for image, row, column in places) for p in planted)


def coverage(maps: Sequence[Maps], targets: Sequence[np.ndarray], tau: float, rng: np.random.Generator) -> list[float]:
    """ρ_F by the masks as they were, by the relabelled ones, its mean correction, and the share of valid intervals."""
    counts = np.zeros(4, dtype=np.int64)
    for one, target in zip(maps, targets, strict=True):
        retained = (one.confidence >= tau) & (target != VOID)
        wrong = retained & (one.prediction != target)
        right_before = one.prediction == one.target
        counts += [retained.sum(), (retained & ~right_before).sum(), wrong.sum(), (wrong & right_before).sum()]
    retained_pixels, truly_wrong, wrong_pixels, label_errors = counts
    drawn = rng.random((REVIEWS, ANSWERS)) < label_errors / wrong_pixels
    # The corrected ρ_F is ρ_F · (1 − share): its interval holds where the share that gives the truth is not rejected.
    share = min(max(1 - truly_wrong / wrong_pixels, 1e-9), 1 - 1e-9)
    held = (log_capital(drawn, share).max(1) < np.log(20)).mean()
    rho_f = wrong_pixels / retained_pixels
    return [truly_wrong / retained_pixels, rho_f, rho_f * (1 - drawn.mean()), float(held)]


def main() -> None:
    """Print a row for each seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("--list", type=Path, default=None, help="list of images and masks")
    parser.add_argument("--tau", type=float, default=0.95)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    study = Study(
        [options.checkpoint], options=StudyOptions(data=DataChoice(list_path=options.list), taus=(options.tau,))
    )
    ((_, measured),) = study.passes()
    maps = read_maps(measured)
    for seed in range(options.seeds):
        rng = np.random.default_rng(seed)
        targets, planted = relabel([one.target for one in maps], measured.data.spec.num_classes, rng)
        ranked = ranking(maps, targets)
        hits = np.array([is_label_error(maps[image], targets[image], region) for image, region in ranked])
        visible = [p for p in planted if (maps[p.image].prediction == maps[p.image].target)[p.pixels].mean() > 0.5]
        precision = [f"{hits[:n].mean():.2f}" for n in (10, 25, 50)]
        shown = [one for one, hit in zip(ranked, hits, strict=True) if hit]
        recall = [
            f"{quotient(found(visible, shown[: hits[:n].sum()]), len(visible)):.2f}" for n in (50, 100, len(hits))
        ]
        before, after, corrected, held = coverage(maps, targets, options.tau, rng)
        print(
            f"seed {seed}: {len(planted)} relabelled, {len(visible)} of them predicted right; {len(hits)} suspect "
            f"regions, {hits.sum()} errors; precision at 10, 25, 50: {', '.join(precision)}; recall at 50, 100, all: "
            f"{', '.join(recall)}; ρ_F {before:.4f}, now {after:.4f}, corrected {corrected:.4f}; {held:.3f} hold",
            flush=True,
        )


if __name__ == "__main__":
    main()
