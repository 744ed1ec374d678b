"""Rules on the training of a run: warm-up, the teacher's average, and the best epoch."""

import math
from collections.abc import Iterator

from pixcon_diag.findings.facts import Member, Training
from pixcon_diag.findings.finding import Finding, Fine, Outcome, per_cent, points
from pixcon_diag.statistics.spread import mean, sample_std
from pixcon_train.engine.training_warnings import MOST_LAG, MOST_WARMUP, TEACHER_SPANS

MOST_WINDOW = 0.2
"""Share of the run that the teacher may average over without a further sign of a lag."""
NEARLY_NOTHING = 0.01
"""Retention up to which a threshold retains next to nothing."""
EARLY = 0.5
"""Share of the epochs up to which the best one is early."""
DECLINE = 0.01
"""mIoU by which the last epochs lie below the best one."""
LAST = 5
"""Epochs at the end that are averaged."""
FEWEST = 8
"""Validations below which an early peak cannot be told from chance."""


def averaging_window(decay: float, iterations: int) -> float:
    """Iterations that the EMA teacher averages over at the end of a run.

    With γ_i = min(1 − 1/(i + 1), γ) it is the plain mean of all iterations up to the 1/(1 − γ)-th, and from there on
    an exponential mean with that time constant.
    """
    return min(float(iterations), 1 / (1 - decay))


def long_warmup(member: Member) -> Outcome:
    """A warm-up of more than a fifth of the run."""
    run = member.training
    if run is None or run.warmup is None or run.iterations is None:
        return None
    share = run.warmup / run.iterations
    if share <= MOST_WARMUP:
        return Fine(f"the warm-up takes {per_cent(share)} of the run")
    never = share >= 1
    effect = "so it never reaches its peak" if never else "which leaves little of the run at the full rate"
    most = int(MOST_WARMUP * run.iterations)
    return Finding(
        "severe" if never or [*_signs(run)] else "moderate",
        share / MOST_WARMUP,
        f"The learning rate of {member.name} warms up over {run.warmup:,} iterations of a run of {run.iterations:,}, "
        f"{effect}.",
        f"Set optimizer.warmup to {most} or less, or train longer.",
        {"warmup": run.warmup, "iterations": run.iterations, "share": share},
    )


def slow_teacher(member: Member) -> Outcome:
    """An average over a large part of the run, or a twentieth of it where the teacher lags or retains nothing."""
    run = member.training
    if run is None or run.decay is None or run.iterations is None:
        return None
    window = averaging_window(run.decay, run.iterations)
    share, signs = window / run.iterations, list(_signs(run))
    allowed = 1 / TEACHER_SPANS if signs else MOST_WINDOW
    if share <= allowed:
        return Fine(f"the EMA teacher averages over {per_cent(share)} of the run")
    gap = min(1.0, TEACHER_SPANS / run.iterations)  # of the decay from 1
    decay = round(1 - gap, max(3, 1 - math.floor(math.log10(gap))))
    longer = TEACHER_SPANS / (1 - run.decay)
    return Finding(
        "severe" if signs else "moderate",
        share / allowed,
        f"The EMA teacher of {member.name} averages over {window:,.0f} of the run's {run.iterations:,} iterations "
        f"({per_cent(share, 0)}, ema_decay {run.decay:g}), too many for it to follow its student"
        f"{': ' + ' and '.join(signs) if signs else ''}.",
        f"Set ema_decay to {decay:.12g} or lower, which averages over a twentieth of the run, or train for at least "
        f"{longer:,.0f} iterations.",
        {"window": window, "iterations": run.iterations, "share": share, "ema_decay": run.decay},
    )


def _signs(run: Training) -> Iterator[str]:
    """Signs of a teacher that does not teach, as clauses."""
    if (lag := _lag(run)) is not None and lag > MOST_LAG:
        yield f"it ends {100 * lag:.1f} points of mIoU below its student"
    if run.retention and run.retention[-1] <= NEARLY_NOTHING:
        yield f"in the last epoch {per_cent(run.retention[-1])} of the unlabeled pixels are retained"


def _lag(run: Training) -> float | None:
    """mIoU of the student minus that of the teacher in the last epoch in which both were validated."""
    both = sorted(set(run.teacher) & set(run.student))
    return run.student[both[-1]] - run.teacher[both[-1]] if both else None


def teacher_below_student(member: Member) -> Outcome:
    """A teacher more than 5 points below its student at the end."""
    run = member.training
    if run is None or (lag := _lag(run)) is None:
        return None
    if lag <= MOST_LAG:
        return Fine(f"the EMA teacher ends {points(-lag)} points of mIoU from its student")
    last = max(set(run.teacher) & set(run.student))
    return Finding(
        "severe",
        lag / MOST_LAG,
        f"The EMA teacher of {member.name} ends {100 * lag:.1f} points of mIoU below its student "
        f"({per_cent(run.teacher[last])} against {per_cent(run.student[last])} after epoch {last}).",
        "Report and deploy the student (--weights student), and give the teacher a shorter average (ema_decay) or the "
        "run more iterations.",
        {"teacher": run.teacher[last], "student": run.student[last], "lag": lag},
    )


def early_best(member: Member) -> Outcome:
    """The best epoch in the first half of the run, and a decline of a point or more after it."""
    curve = {} if member.training is None else member.training.teacher or member.training.student
    if member.training is None or len(curve) < FEWEST:
        return None
    finished = sorted(curve)
    best = max(finished, key=lambda epoch: curve[epoch])
    end = [curve[epoch] for epoch in finished[-LAST:]]
    decline, share = curve[best] - mean(end), best / finished[-1]
    if share > EARLY or decline < DECLINE:
        return Fine(
            f"the best epoch is {best} of {finished[-1]}, and the last {LAST} lie {100 * decline:.1f} points below"
        )
    return Finding(
        "moderate",
        decline / DECLINE,
        f"{member.name} is best after epoch {best} of {finished[-1]} ({per_cent(curve[best])}) and declines: the mean "
        f"of the last {LAST} validations is {100 * decline:.1f} points lower ({per_cent(mean(end))}, standard "
        f"deviation {100 * sample_std(end):.2f}).",
        "Stop earlier (schedule.patience) or lower the learning rate, look at ρ_F and τ over the epochs "
        "(`pixcon-diag dynamics`), and report the last epoch beside the best one.",
        {"best": curve[best], "epoch": best, "epochs": finished[-1], "last": mean(end), "std": sample_std(end)},
    )
