"""The opening sentences of a diagnosis: what was measured, what was found with its remedy, and what is fine."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from pixcon_diag.findings.diagnosis import Diagnosis
from pixcon_diag.findings.facts import Facts, Measurements, Member
from pixcon_diag.findings.finding import Finding, interval, listing, per_cent
from pixcon_diag.measures.uncertainty import pooled_miou
from pixcon_diag.serialization import Serializable
from pixcon_diag.statistics.intervals import pooled_interval, ratio_interval
from pixcon_diag.statistics.spread import mean, quotient, sample_std

MOST = 8
"""Most entries of a summary."""
METHODS = 3
"""Most methods whose mIoU the first sentence gives."""
KINDS = {
    "boundary": "misplaced boundaries",
    "extent": "wrong extents",
    "confusion": "confused regions",
    "missed": "missed regions",
    "hallucinated": "hallucinated regions",
}
PASSED = {
    "trained-on": "measured on images it was not trained on",
    "shifted-labels": "labels not shifted",
    "far-from-stated": "mIoU as stated",
    "long-warmup": "length of the warm-up",
    "slow-teacher": "span of the teacher's average",
    "teacher-below-student": "teacher as good as its student",
    "nothing-retained": "pixels retained",
    "early-best": "best epoch not too early",
    "absent-from-labeled": "every class in the labeled list",
    "absent-from-bank": "every class in the bank",
    "dirty-bank": "contamination of a bank filled by confidence",
    "never-predicted": "every class predicted",
    "never-retained": "every class retained",
    "filter-verdict": "threshold of the filter",
    "hidden-macro": "ρ_F of the classes as of the pixels",
    "confused-pair": "no pair of classes confused both ways",
    "region-errors": "no costly kind of region error",
    "boundary-errors": "boundaries not the main error",
    "image-noise": "difference beyond the noise of images",
    "seed-noise": "difference beyond the noise of seeds",
    "one-class": "difference not of one class alone",
    "boundary-ranking": "same ranking away from boundaries",
    "few-seeds": "number of seeds",
}
"""What a rule that finds nothing says, in words."""


@dataclass(frozen=True)
class Told(Serializable):
    """An entry of a summary."""

    text: str
    analysis: str
    """Command that shows its numbers; empty if it has none."""


@dataclass(frozen=True)
class Summary:
    """A diagnosis in at most :data:`MOST` entries."""

    told: tuple[Told, ...]
    """What was measured and found; a finding is followed by its remedy."""
    passed: tuple[str, ...]
    """The rules that find nothing, as one sentence; empty without one."""

    @property
    def texts(self) -> tuple[str, ...]:
        """Every entry as text."""
        return (*(entry.text for entry in self.told), *self.passed)


def summarize(facts: Facts, diagnosis: Diagnosis) -> Summary:
    """What was measured, what was found, and what is fine."""
    parts = {"checkpoints": _measured(facts), "doctor": _budget(facts), "contamination": _filter(facts)}
    head = [Told(text, analysis) for analysis, texts in parts.items() for text in texts]
    passed = _passed(diagnosis)
    rules = by_rule(diagnosis.findings)
    found = [Told(f"{_entry(findings)} {findings[0].remedy}", findings[0].analysis) for findings in rules]
    room = MOST - len(head) - len(passed)
    return Summary((*head, *(found[:room] or [Told("No rule finds anything.", "")])), passed)


def by_rule(findings: Sequence[Finding]) -> list[list[Finding]]:
    """Ranked findings, those of one rule together at the place of the first."""
    rules: dict[str, list[Finding]] = {}
    for finding in findings:
        rules.setdefault(finding.rule, []).append(finding)
    return list(rules.values())


def _entry(findings: Sequence[Finding]) -> str:
    """The first finding's sentence, and on what else the rule finds the same."""
    others = [finding.about for finding in findings[1:]]
    return findings[0].sentence + (f" The same rule finds this of {listing(others, 3)}." if others else "")


def _measured(facts: Facts) -> Iterator[str]:
    """The mIoU of the first methods."""
    groups: dict[str, list[Member]] = {}
    for member in facts.members:
        groups.setdefault(member.group, []).append(member)
    clauses = [clause for name, members in list(groups.items())[:METHODS] if (clause := _miou(name, members))]
    more = len(groups) - METHODS
    if clauses:
        yield "; ".join(clauses) + (f"; and {more} more." if more > 0 else ".")


def _miou(name: str, members: Sequence[Member]) -> str | None:
    """Name and mIoU of a method: measured, else the best of its logs."""
    measured = [member.measured for member in members if member.measured is not None]
    if not measured:
        bests = [max(curve.values()) for member in members if (curve := _curve(member))]
        seeds = "" if len(bests) == 1 else f" in the mean of {len(bests)} seeds"
        return f"{name} reaches {per_cent(mean(bests))} mIoU at its best epoch{seeds}" if bests else None
    values = [float(pooled_miou(one.statistics.sum(0))) for one in measured]
    where = f"on {measured[0].images:,} images of {PurePath(measured[0].list_name).name}"
    if len(values) > 1:
        return (
            f"{name} has {per_cent(mean(values))} ± {100 * sample_std(values):.1f} mIoU {where} ({len(values)} seeds)"
        )
    ends = pooled_interval(measured[0].statistics, pooled_miou)
    return f"{name} has {per_cent(values[0])} mIoU {where}{interval(ends.low, ends.high, ends.level)}"


def _curve(member: Member) -> dict[int, float]:
    run = member.training
    return {} if run is None else dict(run.teacher or run.student)


def _first(facts: Facts) -> Iterator[tuple[str, Measurements]]:
    """The first member of the first method, if it is measured."""
    yield from ((member.name, member.measured) for member in facts.members[:1] if member.measured is not None)


def _budget(facts: Facts) -> Iterator[str]:
    """What the errors of the first member cost."""
    for name, measured in _first(facts):
        budget = measured.budget
        if budget is None or not budget.wrong:
            continue
        steps = [f"{KINDS[kind.name]} {100 * kind.step:.1f}" for kind in budget.categories]
        yield (
            f"Of the {100 * (1 - budget.miou):.1f} points that {name} lacks to an mIoU of 100 %, corrected one after "
            f"the other, {listing(steps)}."
        )


def _filter(facts: Facts) -> Iterator[str]:
    """What the first member's filter retains."""
    for name, measured in _first(facts):
        if measured.filter is None:
            continue
        counts = measured.filter.counts
        valid, retained, wrong = counts.sum(0)
        kept, error = ratio_interval(counts[:, 1], counts[:, 0]), ratio_interval(counts[:, 2], counts[:, 1])
        text = f"At τ = {measured.filter.tau:g}, {name} retains {per_cent(quotient(retained, valid))} of the pixels"
        text += interval(kept.low, kept.high, kept.level)
        if retained:
            text += f", and {per_cent(quotient(wrong, retained))} of these are wrong"
            text += interval(error.low, error.high, error.level)
        if measured.filter.verdict is not None and measured.filter.verdict.decision != "none":
            text += f"; verdict on the filter: {measured.filter.verdict.decision}"
        yield f"{text}.{_bank(measured)}"


def _bank(measured: Measurements) -> str:
    """A sentence on the bank that confidence fills; empty where it is not known."""
    bank = None if measured.labeled is None else measured.labeled.by_confidence
    if bank is None or bank.rho_f != bank.rho_f:
        return ""
    ends = interval(bank.interval.low, bank.interval.high, bank.interval.level)
    return f" A bank filled by confidence from the labeled list would hold {per_cent(bank.rho_f)} wrong entries{ends}."


def _passed(diagnosis: Diagnosis) -> tuple[str, ...]:
    """The rules that find nothing on any subject."""
    found = {finding.rule for finding in diagnosis.findings}
    passed = [rule for rule in dict.fromkeys(check.rule for check in diagnosis.fine) if rule not in found]
    return (f"Checked and fine: {'; '.join(PASSED[rule] for rule in passed)}.",) if passed else ()
