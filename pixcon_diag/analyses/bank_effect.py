"""Effect of a bank's contamination on mIoU, as a table."""

from collections.abc import Iterator

from pixcon_diag.analyses.deltas import delta_column
from pixcon_diag.groups.methods import Methods
from pixcon_diag.logs.history import Weights, common_weights, origins
from pixcon_diag.measures.bank_effect import BankEffect, BankSetting, bank_effect
from pixcon_diag.statistics.spread import Spread
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Column, Table

REFERENCE = "clean"


def result_of(methods: Methods, *, reference: str = REFERENCE, weights: Weights | None = None) -> Result:
    """Differences of mIoU between paired runs, over the measured contamination of the bank.

    Args:
        methods: the logs.
        reference: admission rule that the others are compared with.
        weights: whose best mIoU; None: the EMA teacher, or the student if only that is in every log.

    Raises:
        ConfigError: there are no pairs.
    """
    groups = methods.histories()
    runs = [run for group in groups.values() for run in group]
    found = bank_effect(runs, reference=reference, weights=weights or common_weights(groups))
    return Result.of("bank-effect", [effect_table(found)], bank_effect=found.to_dict(), logs=origins(groups))


def effect_table(found: BankEffect) -> Table:
    """A row for each rule and setting, the least contaminated bank first."""
    return Table.of(
        "bank_effect",
        f"mIoU with the rule {found.reference} minus mIoU with others, by contamination",
        found.settings,
        (
            Column("setting", "setting", of=setting_name),
            Column("pairs", "pairs", "count", of=lambda s: len(s.pairs)),
            Column("starts", "starts", "count", minor=True),
            Column("contamination", "bank", "number", 3, over="ρ_F"),
            Column("pseudo_labels", "pseudo-labels", "number", 3, over="ρ_F", minor=True),
            Column("reference_miou", found.reference, "per_cent", over="mIoU %", minor=True),
            Column("other_miou", "other", "per_cent", over="mIoU %", minor=True),
            delta_column("difference", higher_is_better=True, of=lambda s: Spread(s.difference, s.std)),
            Column("low", "low", "points", over="Δ 95 %", of=lambda s: s.interval.low),
            Column("high", "high", "points", over="Δ 95 %", of=lambda s: s.interval.high),
            Column("better", "better", of=lambda s: f"{s.better}/{len(s.pairs)}"),
        ),
        [*_notes(found)],
    )


def setting_name(setting: BankSetting) -> str:
    """The rule and the values of what varies beside it, as `pseudo, noise.rate 0.1`."""
    return ", ".join([setting.rule, *(f"{_short(key)} {value}" for key, value in setting.values.items())])


def _short(key: str) -> str:
    return key.removeprefix("consistency.").removeprefix("bank.")


def _notes(found: BankEffect) -> Iterator[str]:
    yield (
        f"Δ = {found.reference} − other, points of the best epoch's {found.weights} mIoU, over pairs of runs with one "
        "recipe, start and seed; 95 %: Student's t over the means of the starts (forks of one checkpoint have one "
        "start; with a single start over its pairs). ρ_F: after the last epoch, among entries with a known target."
    )
    if found.rank_correlations:
        listed = ", ".join(f"{rule} {value:+.2f}" for rule, value in found.rank_correlations.items())
        yield (
            f"Spearman's correlation of the bank's ρ_F and Δ over the pairs of a rule: {listed}; without a p-value, as "
            "pairs of one start are not independent."
        )
    for why, names in (
        (f"Without a partner of the rule {found.reference}", found.unpaired),
        ("Left out, as the run or its partner is unfinished", found.unfinished),
        ("Left out, as the log has no contamination of the bank after the last epoch", found.unknown),
    ):
        if names:
            yield f"{why}: {', '.join(names)}."
