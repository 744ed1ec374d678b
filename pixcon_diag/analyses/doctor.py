"""The diagnosis in words: findings of every rule, ranked, and the error budget."""

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pixcon_diag.analyses.deltas import BETTER
from pixcon_diag.analyses.doctor_facts import gather
from pixcon_diag.analyses.error_budgets import error_budgets
from pixcon_diag.analyses.measured import Measured
from pixcon_diag.findings.diagnosis import Diagnosis, diagnose
from pixcon_diag.findings.facts import Facts
from pixcon_diag.findings.finding import Finding
from pixcon_diag.findings.rules import RULES
from pixcon_diag.findings.summary import KINDS, by_rule, summarize
from pixcon_diag.groups.methods import Methods
from pixcon_diag.measures.error_budget import WIDTH
from pixcon_diag.measures.error_budget_result import DRAWS, BudgetResult, CategoryBudget, ErrorBudget, PairBudget
from pixcon_diag.passes.predictions import Predictions
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Column, Table

SHOWN_PAIRS = 3
"""Pairs of each checkpoint that are shown; the file has all."""
SHOWN_IMAGES = 3
"""Images that are named for a pair."""
RULE = {rule.name: rule for rule in RULES}

MeasuredBudget = Measured[Predictions, tuple[ErrorBudget, BudgetResult]]


class _Row(NamedTuple):
    """A finding and its rank."""

    rank: int
    finding: Finding


class _Category(NamedTuple):
    measured: MeasuredBudget
    category: CategoryBudget


class _Pair(NamedTuple):
    measured: MeasuredBudget
    pair: PairBudget


def result_of(methods: Methods, *, width: int = WIDTH, draws: int = DRAWS) -> Result:
    """Findings, error budget and passed checks of everything that was named.

    Args:
        width: of the boundary zone of the error budget, in pixels.
        draws: resamples of the images for an interval.

    Raises:
        PixConError: nothing can be read or measured.
    """
    facts = gather(methods, width=width, draws=draws)
    diagnosis = diagnose(facts)
    budgets = [] if methods.only_logs else _budgets(methods, facts, width)
    summary = summarize(facts, diagnosis)
    tables = [findings_table(diagnosis, summary.texts)] if diagnosis.findings else []
    if budgets:
        tables += [categories_table(budgets), pairs_table(budgets, "doctor_pairs", SHOWN_PAIRS)]
    return Result.of(
        "doctor",
        tables,
        [*([pairs_table(budgets, "doctor_all_pairs", None)] if budgets else []), checks_table(diagnosis)],
        summary=summary.texts,
        told=[entry.to_dict() for entry in summary.told],
        findings=[
            {"rank": rank, "threshold": RULE[finding.rule].threshold, **finding.to_dict()}
            for rank, finding in enumerate(diagnosis.findings, 1)
        ],
        fine=[check.to_dict() for check in diagnosis.fine],
        unchecked=list(diagnosis.unchecked),
        results=[row.record(classes=row.classes, errors=row.result[1].to_dict()) for row in budgets],
    )


def _budgets(methods: Methods, facts: Facts, width: int) -> list[MeasuredBudget]:
    """The error budget of every member that has one."""
    with methods.lenient():
        counted = methods.attempt("error budget", lambda: error_budgets(methods, width)) or {}
    results = {member.name: member.measured.budget for member in facts.members if member.measured is not None}
    return [
        Measured(group.name, member, (counted[member.name], result))
        for group in methods.measured()
        for member in group.members
        if member.name in counted and (result := results.get(member.name)) is not None
    ]


def findings_table(diagnosis: Diagnosis, summary: Sequence[str]) -> Table:
    """A row for each finding; those that the summary does not tell are told in the notes."""
    rows = [_Row(rank, finding) for rank, finding in enumerate(diagnosis.findings, 1)]
    return Table.of(
        "doctor",
        "Findings",
        rows,
        (
            Column("rank", "#", of=lambda r: r.rank),
            Column("severity", "severity", of=lambda r: r.finding.severity),
            Column("rule", "finding", of=lambda r: r.finding.rule),
            Column("about", "of", of=lambda r: r.finding.about),
            Column("causes", "explained by", of=lambda r: ", ".join(r.finding.causes)),
            Column("analysis", "shown by", of=lambda r: r.finding.analysis),
        ),
        _notes(rows, summary),
        lambda r: {
            "sentence": r.finding.sentence,
            "remedy": r.finding.remedy,
            "threshold": RULE[r.finding.rule].threshold,
            "evidence": json.dumps(r.finding.evidence, ensure_ascii=False),
        },
    )


def _notes(rows: Sequence[_Row], summary: Sequence[str]) -> Iterator[str]:
    """The findings that are not in the summary, one of each rule, with their remedies."""
    ranks = {(row.finding.rule, row.finding.about): row.rank for row in rows}
    for finding, *_ in by_rule([row.finding for row in rows]):
        if not any(entry.startswith(finding.sentence) for entry in summary):
            yield f"{ranks[finding.rule, finding.about]}. {finding.sentence} {finding.remedy}"
    yield "--json, or doctor.json of --out FOLDER, has thresholds and evidence; docs/decisions.md lists all rules."


def categories_table(budgets: Sequence[MeasuredBudget]) -> Table:
    """What each kind of error costs."""
    level = budgets[0].result[1].level
    width = budgets[0].result[1].width
    return Table.of(
        "doctor_errors",
        "Error budget",
        [_Category(row, category) for row in budgets for category in row.result[1].categories],
        (
            Column("name", "checkpoint", of=lambda r: r.measured.name),
            Column("kind", "errors", of=lambda r: KINDS[r.category.name]),
            Column("share", "wrong px %", "per_cent", 1, of=lambda r: r.category.share),
            Column("recovered", "alone (↑)", "points", over="mIoU", of=lambda r: r.category.recovered),
            Column("low", "low", "points", of=lambda r: r.category.low),
            Column("high", "high", "points", of=lambda r: r.category.high),
            Column("step", "in turn (↑)", "points", over="mIoU", of=lambda r: r.category.step),
            Column("reached", "then %", "per_cent", of=lambda r: r.category.reached),
        ),
        (
            f"mIoU gained if these pixels alone were right, with its {level:.0%} interval over images, and corrected "
            f"in turn, which ends at 100 %. {BETTER}",
            "A region is recognised if a tenth of it is right. Between recognised regions: boundaries misplaced by at "
            f"most {width} pixels, and wrong extents beyond; otherwise missed (target region not recognised), "
            "hallucinated (predicted region not recognised) or confused (neither).",
        ),
        lambda r: {**r.measured.origin, "pixels": r.category.pixels, "images": r.category.images},
    )


def pairs_table(budgets: Sequence[MeasuredBudget], name: str, most: int | None) -> Table:
    """Pairs of classes that are confused, the costliest first."""
    return Table.of(
        name,
        "Pairs of classes, boundaries apart",
        [_Pair(row, pair) for row in budgets for pair in row.result[1].pairs[:most]],
        (
            Column("name", "checkpoint", of=lambda r: r.measured.name),
            Column("first", "A", of=lambda r: r.measured.class_name(r.pair.first)),
            Column("second", "B", of=lambda r: r.measured.class_name(r.pair.second)),
            Column("there", "A as B, px", "count", of=lambda r: r.pair.there),
            Column("back", "B as A, px", "count", of=lambda r: r.pair.back),
            Column("recovered", "mIoU alone (↑)", "points", of=lambda r: r.pair.recovered),
        ),
        extra=lambda r: {**r.measured.origin, "images": " ".join(_images(r))},
    )


def _images(row: _Pair) -> Iterator[str]:
    """The images with most pixels of a pair, either way."""
    budget, pair = row.measured.result[0], row.pair
    pixels: dict[int, int] = {}
    for classes in ((pair.first, pair.second), (pair.second, pair.first)):
        for image, count in budget.images_of(*classes).tolist():
            pixels[image] = pixels.get(image, 0) + count
    for image in sorted(pixels, key=lambda image: -pixels[image])[:SHOWN_IMAGES]:
        yield row.measured.member.data.pairs[image].image


def checks_table(diagnosis: Diagnosis) -> Table:
    """Every check that is passed."""
    return Table.of(
        "doctor_fine",
        "Checked and fine",
        diagnosis.fine,
        (Column("rule", "check"), Column("about", "of"), Column("sentence", "result")),
    )
