"""The rules in order: causes before their symptoms, within that by what they are about."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pixcon_diag.findings import classes, data, differences, errors, retention, training
from pixcon_diag.findings.facts import Facts
from pixcon_diag.findings.finding import Outcome, per_cent
from pixcon_diag.measures.verdict import MIN_IMAGES
from pixcon_diag.passes.load_check import TOLERANCE
from pixcon_train.engine.training_warnings import MOST_LAG, MOST_WARMUP, TEACHER_SPANS


@dataclass(frozen=True)
class Rule:
    """One check."""

    name: str
    threshold: str
    """When it is a finding, as a phrase for the documentation."""
    evidence: str
    """The numbers that the sentence gives."""
    remedy: str
    """In short."""
    analysis: str
    """Command that shows the numbers."""
    judge: Callable[[Any], Outcome]
    """From a subject to a finding, to a passed check, or to None where the facts are missing."""
    subjects: Callable[[Facts], Iterable[Any]]
    causes: tuple[str, ...] = ()
    """Rules whose finding on the same subject explains this one."""


def _members(facts: Facts) -> Iterable[Any]:
    return facts.members


def _pairs(facts: Facts) -> Iterable[Any]:
    return facts.pairs


def _methods(facts: Facts) -> Iterable[Any]:
    return facts.methods


RULES = (
    Rule(
        "trained-on",
        f"more than {per_cent(data.TRAINED, 0)} of the measured images are in the run's labeled list",
        "share of the images",
        "measure the validation list",
        "contamination",
        data.trained_on,
        _members,
    ),
    Rule(
        "shifted-labels",
        f"labels shifted by one give {data.SHIFT_TIMES:g} times the mIoU and {100 * data.SHIFT_GAIN:g} points more, on "
        "up to 20 images",
        "mIoU as it is and shifted",
        "number masks and predictions alike",
        "per-class",
        data.shifted_labels,
        _members,
    ),
    Rule(
        "far-from-stated",
        f"measured and stated mIoU differ by more than {100 * TOLERANCE:g} points",
        "both mIoUs",
        "check list, labels, classes and protocol",
        "contamination",
        data.far_from_stated,
        _members,
        ("shifted-labels",),
    ),
    Rule(
        "long-warmup",
        f"the warm-up takes more than {per_cent(MOST_WARMUP, 0)} of the run; severe if all of it",
        "iterations of both",
        "a shorter optimizer.warmup",
        "dynamics",
        training.long_warmup,
        _members,
    ),
    Rule(
        "slow-teacher",
        f"the teacher averages over more than {per_cent(training.MOST_WINDOW, 0)} of the run, or "
        f"{per_cent(1 / TEACHER_SPANS, 0)} if it ends far below its student or next to nothing is retained",
        "effective window, iterations, ema_decay",
        "a lower ema_decay, or more iterations",
        "dynamics",
        training.slow_teacher,
        _members,
    ),
    Rule(
        "teacher-below-student",
        f"the teacher ends more than {100 * MOST_LAG:g} points of mIoU below its student",
        "both mIoUs in the last epoch",
        "take the student; a shorter average",
        "dynamics",
        training.teacher_below_student,
        _members,
        ("slow-teacher", "long-warmup"),
    ),
    Rule(
        "nothing-retained",
        f"at most {per_cent(training.NEARLY_NOTHING, 0)} of the pixels reach τ, in the last epoch or on the measured "
        "list",
        "retention with its interval",
        "the τ that would keep 50 %, with its ρ_F",
        "contamination",
        retention.nothing_retained,
        _members,
        ("slow-teacher", "long-warmup"),
    ),
    Rule(
        "early-best",
        f"the best epoch is in the first {per_cent(training.EARLY, 0)} of the run, and the last {training.LAST} "
        "validations are "
        f"{100 * training.DECLINE:g} point or more below it (from {training.FEWEST} validations on)",
        "best and last mIoU, epochs, deviation",
        "stop earlier; report the last epoch too",
        "dynamics",
        training.early_best,
        _members,
    ),
    Rule(
        "absent-from-labeled",
        "no labeled image contains the class",
        "the classes, images of the list",
        "another labeled list",
        "coverage",
        classes.absent_from_labeled,
        _members,
    ),
    Rule(
        "absent-from-bank",
        "a labeled class has no entry in the bank of the run's rule (`clean` if that is not replayed)",
        "the classes",
        "admit labeled pixels whatever the prediction",
        "coverage",
        classes.absent_from_bank,
        _members,
        ("slow-teacher", "long-warmup"),
    ),
    Rule(
        "dirty-bank",
        f"the interval of the contamination of a bank filled by confidence lies above {per_cent(classes.DIRTY, 0)}",
        "contamination with its interval, the worst class",
        "admit by label",
        "coverage",
        classes.dirty_bank,
        _members,
    ),
    Rule(
        "never-predicted",
        f"a class of the list is predicted on at most {per_cent(classes.NEVER)} of as many pixels as it has",
        "the classes, what they cost",
        "see where its pixels go",
        "per-class",
        classes.never_predicted,
        _members,
        ("absent-from-labeled", "slow-teacher", "long-warmup"),
    ),
    Rule(
        "never-retained",
        f"at most {per_cent(classes.NEVER)} of a class's predicted pixels reach τ",
        "the classes, share of the predictions",
        "a threshold for each class, or a lower τ",
        "contamination",
        classes.never_retained,
        _members,
        ("nothing-retained",),
    ),
    Rule(
        "filter-verdict",
        "the interval of π_kept = 1 − ρ_F(τ) lies below τ (the published rule asks for a lower threshold), or contains "
        "it (minor)",
        "π_kept with its interval",
        "an adaptive floor, or more images",
        "contamination",
        retention.filter_verdict,
        _members,
    ),
    Rule(
        "hidden-macro",
        f"ρ_F is at most {per_cent(retention.SMALL_RHO_F, 0)}, and the mean over classes is {retention.HIDDEN:g} times "
        f"that and {100 * retention.HIDDEN_POINTS:g} points more",
        "ρ_F with its interval, macro ρ_F, share of the most frequent class",
        "judge the filter by class",
        "contamination",
        retention.hidden_macro,
        _members,
    ),
    Rule(
        "confused-pair",
        f"{per_cent(errors.CONFUSED, 0)} of each of two classes are predicted as the other, and the cosine of their "
        "centroids is halfway or more from the mean over pairs to 1",
        "both rates, cosine, mIoU recovered",
        "a clean bank, images of both",
        "geometry",
        errors.confused_pair,
        _members,
    ),
    Rule(
        "region-errors",
        f"a kind of region error costs more than the boundaries and {100 * errors.WORTH:g} points of mIoU",
        "share, mIoU recovered with its interval",
        "by kind",
        "doctor",
        errors.region_errors,
        _members,
    ),
    Rule(
        "boundary-errors",
        f"{per_cent(errors.MOSTLY, 0)} of the wrong pixels are misplaced boundaries",
        "share, mIoU recovered with its interval, mIoU away from boundaries",
        "compare away from boundaries too",
        "boundary",
        errors.boundary_errors,
        _members,
    ),
    Rule(
        "image-noise",
        f"the interval of the difference in mIoU over images contains 0, or is of fewer than {MIN_IMAGES} images",
        "difference with its interval",
        "more images",
        "compare",
        differences.image_noise,
        _pairs,
    ),
    Rule(
        "seed-noise",
        f"the {per_cent(differences.LEVEL, 0)} t interval of paired seeds contains 0 (from 2 seeds on)",
        "difference with its interval, deviation",
        "more seeds",
        "compare",
        differences.seed_noise,
        _pairs,
    ),
    Rule(
        "one-class",
        f"one class carries {per_cent(differences.ONE_CLASS, 0)} of a difference of {100 * differences.LEAST:g} points "
        "or more",
        "its Δ IoU, and the mean of the others",
        "report with and without it",
        "per-class",
        differences.one_class,
        _pairs,
    ),
    Rule(
        "boundary-ranking",
        "the difference in mIoU away from boundaries has the other sign",
        "both differences with their intervals",
        "say which of the two is claimed",
        "boundary",
        differences.boundary_ranking,
        _pairs,
    ),
    Rule(
        "few-seeds",
        f"a compared method has fewer than {differences.FEWEST_SEEDS} seeds",
        "seeds",
        "three seeds or more",
        "compare",
        differences.few_seeds,
        _methods,
    ),
)
