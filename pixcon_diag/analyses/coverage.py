"""Bank coverage as tables: the replay of each rule over the labeled list, its classes, and the stored bank (G.3)."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import NamedTuple

from pixcon_diag.analyses.bank_contamination import Sweeps, bank_of, bank_table
from pixcon_diag.analyses.feature_notes import feature_notes
from pixcon_diag.analyses.gradient import gradients
from pixcon_diag.analyses.measured import Measured, Part
from pixcon_diag.analyses.trained_rules import replayed_rules, trained_notes
from pixcon_diag.cache.replay import ReplayedPass
from pixcon_diag.groups.methods import Methods
from pixcon_diag.measures.comparison import Quantity
from pixcon_diag.measures.coverage_result import CoverageResult
from pixcon_diag.measures.stored_bank import StoredBank
from pixcon_diag.passes.predictions import MeasuredGroup
from pixcon_diag.statistics.spread import quotient
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Column, Table
from pixcon_train.core.errors import ConfigError
from pixcon_train.method.admission import REPLAYED, RULES, rules_with_tau

Replayed = Part[Measured[ReplayedPass, CoverageResult], str]
"""A checkpoint's bank under one rule; the index selects a class."""


class _StoredRow(NamedTuple):
    """A class of a stored bank, or the whole bank."""

    name: str
    label: str
    fill: int
    known: int | None
    contamination: float
    weight: float
    staleness: float


def coverage_result(
    replayed: Sequence[tuple[str, ReplayedPass]], rules: Sequence[str], sweeps: Sweeps | None = None
) -> Result:
    """Coverage of every checkpoint, each with its group's name, under every rule; ``sweeps`` give the share of g_F."""
    stored = [replay for replay in replayed if replay[1].stored is not None]
    banks = [bank_of(replay, rule, sweeps or {}) for _, replay in replayed for rule in rules]
    tables, classes = [summary_table(replayed, rules), bank_table(banks)], classes_table(replayed, rules)
    single = len(replayed) == 1 and len(rules) == 1
    return Result.of(
        "coverage",
        [*tables, *([classes] if single else []), *([stored_table(stored)] if stored else [])],
        [] if single else [classes],
        results=[
            row.measured.record(
                options=asdict(row.measured.member.options),
                classes=row.measured.classes,
                rule=row.part,
                trained_rule=row.measured.member.trained,
                coverage=row.measured.result.to_dict(),
                bank=bank.to_dict(),
                stored_bank=stored_bank.to_dict() if (stored_bank := row.measured.member.stored) else None,
            )
            for row, bank in zip(_replays(replayed, rules), banks, strict=True)
        ],
    )


def summary_table(replayed: Sequence[tuple[str, ReplayedPass]], rules: Sequence[str]) -> Table:
    """A row for each checkpoint and rule."""
    rows, passes = _replays(replayed, rules), [replay for _, replay in replayed]
    return Table.of(
        "coverage",
        "Bank after one pass",
        rows,
        (
            Column("name", "checkpoint"),
            Column("rule", "rule", of=lambda r: r.part),
            Column("images", "images", "count", of=lambda r: _coverage(r).images),
            Column("with_entry", "classes with an entry", "count", of=lambda r: _coverage(r).with_entry),
            Column("at_capacity", "at capacity", "count", of=lambda r: _coverage(r).at_capacity, minor=True),
            Column(
                "median_eligible",
                "median",
                "number",
                1,
                over="eligible px",
                of=lambda r: _coverage(r).median_eligible,
            ),
            Column(
                "min_eligible", "least", "count", over="eligible px", of=lambda r: _coverage(r).min_eligible, minor=True
            ),
            Column("rho_f", "ρ_F of the eligible", "number", of=_rho_f),
        ),
        (
            "Pixels are counted at the feature's resolution.",
            *_settings(passes),
            *trained_notes(passes),
            *feature_notes((replay.name, replay.provenance) for replay in passes),
            *(_starved(row) for row in rows if row.measured.result.starved),
        ),
        lambda r: {**r.measured.origin, "starved": " ".join(r.measured.classes[k] for k in r.measured.result.starved)},
    )


def _replays(replayed: Sequence[tuple[str, ReplayedPass]], rules: Sequence[str]) -> list[Replayed]:
    return [Part(Measured(group, replay, replay.coverage(rule)), rule) for group, replay in replayed for rule in rules]


def _coverage(row: Replayed) -> CoverageResult:
    return row.measured.result


def _rho_f(row: Replayed) -> float:
    """Share of wrong entries among the eligible pixels of all classes."""
    classes = row.measured.result.classes
    wrong = sum(r * n for r, n in zip(classes.rho_f, classes.eligible, strict=True) if n)
    return quotient(wrong, sum(classes.eligible))


def _starved(row: Replayed) -> str:
    """The classes without an entry."""
    names, result = row.measured.classes, row.measured.result
    starved = ", ".join(names[k] + (" (in no image)" if k in result.absent else "") for k in result.starved)
    return f"{row.name}, {row.part}: without an entry: {starved}."


def classes_table(replayed: Sequence[tuple[str, ReplayedPass]], rules: Sequence[str]) -> Table:
    """A row for each class."""
    return Table.of(
        "coverage_classes",
        "Classes",
        [row._replace(k=k) for row in _replays(replayed, rules) for k, _ in enumerate(row.measured.classes)],
        (
            Column("name", "checkpoint"),
            Column("rule", "rule", of=lambda r: r.part),
            Column("class", "class", of=lambda r: r.measured.classes[r.k]),
            Column("images", "images with it", "count", of=lambda r: _coverage(r).classes.images[r.k]),
            Column("labeled", "labeled px", "count", of=lambda r: _coverage(r).classes.labeled[r.k]),
            Column("eligible", "eligible px", "count", of=lambda r: _coverage(r).classes.eligible[r.k]),
            Column("admitted", "admitted px", "count", of=lambda r: _coverage(r).classes.admitted[r.k]),
            Column("fill", "entries", "count", of=lambda r: _coverage(r).classes.fill[r.k]),
            Column(
                "images_until_full",
                "images until full",
                "count",
                of=lambda r: _coverage(r).classes.images_until_full[r.k],
            ),
            Column("rho_f", "ρ_F of the eligible", "number", of=lambda r: _coverage(r).classes.rho_f[r.k]),
        ),
    )


def stored_table(replayed: Sequence[tuple[str, ReplayedPass]]) -> Table:
    """The stored banks of the checkpoints, class by class; target and weight columns only where a bank has them."""
    banks = [(replay, replay.stored) for _, replay in replayed if replay.stored is not None]
    columns: list[Column[_StoredRow]] = [
        Column("name", "checkpoint"),
        Column("class", "class", of=lambda r: r.label),
        Column("fill", "entries", "count"),
    ]
    if any(bank.known is not None for _, bank in banks):
        columns += [Column("known", "of known truth", "count"), Column("contamination", "ρ_F", "number")]
    if any(weight < 1 for _, bank in banks for weight in bank.weight):
        columns.append(Column("weight", "mean weight", "number", 3))
    columns.append(Column("staleness", "cosine to the current centroid", "number"))
    rows = [row for replay, bank in banks for row in _stored_rows(replay, bank)]
    return Table.of("coverage_stored", "Stored bank", rows, columns, _stored_notes(banks))


def _stored_rows(replayed: ReplayedPass, bank: StoredBank) -> Iterator[_StoredRow]:
    """Every class of a bank, then the whole bank."""
    known = (None,) * len(bank.fill) if bank.known is None else bank.known
    values = zip(bank.fill, known, bank.contamination, bank.weight, bank.staleness, strict=True)
    for label, of_class in zip(replayed.data.spec.classes, values, strict=True):
        yield _StoredRow(replayed.name, label, *of_class)
    total = None if bank.known is None else sum(bank.known)
    overall = (bank.overall_contamination, bank.mean_weight, bank.mean_staleness)
    yield _StoredRow(replayed.name, "all", sum(bank.fill), total, *overall)


def _stored_notes(banks: Sequence[tuple[ReplayedPass, StoredBank]]) -> Iterator[str]:
    """Definitions of the numbers, and why some are undefined."""
    names: dict[str | None, list[str]] = {}
    for replayed, bank in banks:
        names.setdefault(bank.purity, []).append(replayed.name)
    if None in names:
        yield "ρ_F: share of the entries of known truth whose true class differs from their label in the bank."
    for reason, members in names.items():
        if reason is not None:
            yield f"Purity: {reason}" if len(names) == 1 else f"{', '.join(members)}: purity: {reason}"
    yield "Current centroids: of the clean pixels of the replay; –: no entry or no centroid."
    unlabeled = [r.name for r, _ in banks if r.trained in RULES and RULES[r.trained].pixels == "unlabeled"]
    if unlabeled:
        yield (
            f"{', '.join(unlabeled)}: entries come from strong views of unlabeled images and include other classes, "
            "which keeps the cosine below 1 even if the network does not change."
        )


def _settings(replayed: Sequence[ReplayedPass]) -> list[str]:
    """List and settings of the replay; a sentence for each combination, with its checkpoints if there are several."""
    names: dict[str, list[str]] = {}
    for replay in replayed:
        options, data = replay.options, replay.provenance.data
        setting = (
            f"{data.images} images of {data.list_name}, {options.batch_size} a batch; "
            f"at most {options.cap} pixels a class and batch, {options.size} entries a class, τ = {options.tau:g} for "
            f"{rules_with_tau()}."
        )
        names.setdefault(setting, []).append(replay.name)
    return [setting if len(names) == 1 else f"{', '.join(filled)}: {setting}" for setting, filled in names.items()]


def result_of(methods: Methods, rules: Sequence[str] = (), gradient: bool = False) -> Result:
    """Coverage of every checkpoint's bank under each admission rule; all rules if none is given.

    ``gradient``: also the share of g_F at the bank's contamination, which needs a pass over the validation list.

    Raises:
        PixConError: no bank can be replayed.
    """
    replayed = [(member.group, result) for member, result in methods.replays()]
    if not replayed:
        raise ConfigError("No bank could be replayed.")
    splits = gradients(methods) if gradient else []
    return coverage_result(replayed, replayed_rules(rules) or REPLAYED, {g.name: g.result.sweep for g in splits})


def quantities(methods: Methods, group: MeasuredGroup) -> Iterator[Quantity]:
    """Classes with an entry in a clean bank, classes at capacity, and the contamination of a bank filled by confidence.

    Raises:
        ConfigError: a member's bank cannot be replayed.
    """
    replays = replays_of(methods, group)
    results = [replayed.coverage("clean") for replayed in replays]
    yield Quantity("classes in a clean bank", "count", True, tuple(float(result.with_entry) for result in results))
    yield Quantity("classes at capacity", "count", True, tuple(float(result.at_capacity) for result in results))
    banks = [replayed.contamination("confidence") for replayed in replays]
    classes = tuple(tuple(k for k, rate in enumerate(bank.classes) if not math.isnan(rate)) for bank in banks)
    rates = tuple(bank.rho_f for bank in banks)
    yield Quantity("ρ_F of a bank filled by confidence", "fraction", False, rates, classes=classes)


def replays_of(methods: Methods, group: MeasuredGroup) -> list[ReplayedPass]:
    """The replays of the members of ``group``.

    Raises:
        ConfigError: a member's bank cannot be replayed.
    """
    methods.require_network(group.name)
    replays = [replayed for member, replayed in methods.replays() if member.group == group.name]
    if len(replays) < len(group.members):
        raise ConfigError(f"the bank of {group.name} cannot be replayed for every seed.")
    return replays
