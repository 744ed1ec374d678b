"""Contamination of the banks that the admission rules would fill, as a table, with the measured share of g_F."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pixcon_diag.cache.replay import ReplayedPass
from pixcon_diag.measures.bank_contamination import BankContamination, gradient_share
from pixcon_diag.measures.gradient_result import SweepPoint
from pixcon_diag.tables.table import Column, Table
from pixcon_train.method.admission import RULES

SWEEP = "confusion"
"""The way of relabelling whose sweep is read: wrong entries follow the network's confusions, as in a real bank."""

MIN_IMAGES = 40
"""Images from which the interval covers at least 93 % in the simulations (``benchmarks/interval_coverage.py``)."""

BALANCED = (
    "A bank holds at most N entries of a class, so its ρ_F is the mean over classes, weighted by their entries. "
    "Rules that enter a pixel under its label hold no wrong entry. 95 %: interval over images."
)

Sweeps = Mapping[str, Mapping[str, Sequence[SweepPoint]]]
"""The controlled sweep of each checkpoint by its name, as :class:`GradientSplit.sweep`."""


class Bank(NamedTuple):
    """The bank that one rule fills."""

    replayed: ReplayedPass
    rule: str
    result: BankContamination
    eq3: float | None
    """Share of g_F at this contamination under Eq. 3; None where no sweep was made."""
    supcon: float | None

    @property
    def name(self) -> str:
        """The checkpoint's name."""
        return self.replayed.name

    def to_dict(self) -> dict[str, Any]:
        """The contamination and the shares, ready for JSON."""
        return self.result.to_dict() | {"gradient_share": {"eq3": self.eq3, "supcon": self.supcon}}


def bank_of(replayed: ReplayedPass, rule: str, sweeps: Sweeps) -> Bank:
    """The bank of ``rule``; with the share of g_F where the checkpoint has a sweep."""
    result, points = replayed.contamination(rule), sweeps.get(replayed.name, {}).get(SWEEP)
    if points is None:
        return Bank(replayed, rule, result, None, None)
    eq3, supcon = (gradient_share(points, form, result.rho_f) for form in ("eq3", "supcon"))
    return Bank(replayed, rule, result, eq3, supcon)


def bank_table(banks: Sequence[Bank]) -> Table:
    """A row for each checkpoint and rule."""
    measured = any(bank.eq3 is not None for bank in banks)
    shares: tuple[Column[Bank], ...] = (
        Column("eq3_share", "Eq. 3", "per_cent", over="share of g_F %", of=lambda r: r.eq3),
        Column("supcon_share", "SupCon", "per_cent", over="share of g_F %", of=lambda r: r.supcon),
    )
    return Table.of(
        "coverage_bank",
        "Contamination of the bank that a rule would fill",
        banks,
        (
            Column("name", "checkpoint"),
            Column("rule", "rule"),
            Column("images", "images", "count", of=lambda r: r.result.images),
            Column("rho_f", "ρ_F", "number", of=lambda r: r.result.rho_f),
            Column("low", "low", "number", over="95 %", of=lambda r: r.result.interval.low),
            Column("high", "high", "number", over="95 %", of=lambda r: r.result.interval.high),
            *(shares if measured else ()),
        ),
        (BALANCED, *_lists(banks), *_few(banks), *_shares(measured)),
        lambda r: {"list": r.replayed.provenance.data.list_name, "worst_class": _worst(r)},
    )


def _lists(banks: Sequence[Bank]) -> Iterator[str]:
    """What the confidence bank was filled from."""
    if any(RULES[bank.rule].uses_tau for bank in banks):
        yield (
            "confidence: from the list replayed, by default the labeled one, on which the network was trained; its ρ_F "
            "is that of such a bank. Banks of ReCo and U²PL are filled from unlabeled images: --split unlabeled, where "
            "that list has masks."
        )


def _few(banks: Sequence[Bank]) -> Iterator[str]:
    """Banks whose interval is too narrow."""
    for bank in banks:
        if RULES[bank.rule].uses_tau and 0 < bank.result.images < MIN_IMAGES:
            yield (
                f"{bank.name}, {bank.rule}: {bank.result.images} images with an admitted pixel; below {MIN_IMAGES} the "
                "interval covers less than 93 %."
            )


def _shares(measured: bool) -> Iterator[str]:
    if measured:
        yield (
            "share of g_F: ‖g_F‖/(‖g_T‖ + ‖g_F‖) at this ρ_F, interpolated in the controlled sweep of `gradient` "
            "(wrong entries follow the network's confusions); the count law would give ρ_F. –: outside the sweep."
        )


def _worst(bank: Bank) -> str | None:
    """The class with the largest contamination."""
    rates = [(rate, k) for k, rate in enumerate(bank.result.classes) if rate > 0]
    return bank.replayed.data.spec.classes[max(rates)[1]] if rates else None
