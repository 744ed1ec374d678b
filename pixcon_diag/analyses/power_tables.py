"""The tables of `power`: seed noise, seeds needed, detectable differences, best epochs, images needed."""

from collections.abc import Iterator, Sequence

from pixcon_diag.analyses.deltas import delta_column
from pixcon_diag.logs.history import Weights
from pixcon_diag.measures.image_power import ImagePower
from pixcon_diag.measures.power_sources import Plan, Source
from pixcon_diag.measures.seed_power import FEWEST_RUNS, GroupNoise, PairNoise, RunScores, SeedPower
from pixcon_diag.statistics.late_noise import FEWEST
from pixcon_diag.statistics.power import ALPHA, POWER
from pixcon_diag.tables.table import UNDEFINED, Column, Table

TEST = f"Paired t-test, two-sided {ALPHA:g}, power {POWER:g}."
WHOSE: dict[Weights, str] = {"ema": "the EMA teacher", "student": "the student"}


def groups_table(groups: Sequence[GroupNoise], notes: Sequence[str]) -> Table:
    """Seed noise of each group by score."""
    return Table.of(
        "power_groups",
        "Seed noise, mIoU points",
        groups,
        (
            Column("group", "group"),
            Column("score", "score"),
            Column("runs", "runs", "count"),
            Column("mean", "mean %", "per_cent"),
            Column("sd", "SD", "per_cent"),
            Column("sd_low", "low", "per_cent", over="SD 95 %", of=lambda r: r.interval.low),
            Column("sd_high", "high", "per_cent", over="SD 95 %", of=lambda r: r.interval.high),
        ),
        ("Sample standard deviation over runs, with its χ² interval (independent, normal runs).", *notes),
    )


def pairs_table(pairs: Sequence[PairNoise]) -> Table:
    """Paired runs of each group and the baseline by score."""
    return Table.of(
        "power_pairs",
        "Paired runs, mIoU points",
        pairs,
        (
            Column("pair", "pair", of=_pair),
            Column("score", "score"),
            Column("pairs", "pairs", "count"),
            delta_column("delta", higher_is_better=True),
            Column("sd", "SD of Δ", "per_cent"),
            Column("correlation", "r", "number", 2),
            Column("r_low", "low", "number", 2, over="r 95 %", of=lambda r: r.correlation_interval.low),
            Column("r_high", "high", "number", 2, over="r 95 %", of=lambda r: r.correlation_interval.high),
        ),
        (
            "Runs are paired by seed, or in the order named where the logs state none. r: correlation of the pairs "
            "(Fisher's interval, from four pairs on). "
            "For equal SDs s, the SD of Δ is s·√(2(1 − r)): pairs that share what is random need fewer seeds.",
        ),
    )


def _pair(row: PairNoise | ImagePower) -> str:
    return f"{row.baseline} → {row.other}"


def needed_table(sources: Sequence[Source], plan: Plan, found: SeedPower) -> Table:
    """Seeds needed for each effect, with those of the ends of the standard deviation's interval."""
    return Table.of(
        "power_needed",
        "Seeds needed per method",
        sources,
        (
            Column("source", "SD from", of=lambda r: r.name),
            Column("score", "score"),
            Column("sd", "SD of Δ", "per_cent"),
            *(_needed_column(index, effect) for index, effect in enumerate(plan.effects)),
        ),
        (f"{TEST} In brackets: with the ends of the SD's 95 % interval.", *_source_notes(sources, found)),
        lambda r: (
            {"kind": r.kind, "degrees_of_freedom": r.freedom, "sd_low": r.interval.low, "sd_high": r.interval.high}
            | {f"{_points(n.effect)}_{end}": getattr(n, end) for n in r.needed for end in ("low", "high")}
        ),
    )


def _needed_column(index: int, effect: float) -> Column[Source]:
    def text(row: Source) -> str:
        needed = row.needed[index]
        ends = "" if row.freedom is None else f" ({_count(needed.low)}–{_count(needed.high)})"
        return f"{_count(needed.seeds)}{ends}"

    return Column(_points(effect), _points(effect), of=text)


def _points(effect: float) -> str:
    """An effect in points."""
    return f"+{100 * effect:.4g}"


def _count(seeds: int | None) -> str:
    return "> 100,000" if seeds is None else f"{seeds:,}"


def _source_notes(sources: Sequence[Source], found: SeedPower) -> Iterator[str]:
    """What the standard deviations rest on."""
    kinds = {source.kind for source in sources}
    if "pairs" in kinds:
        yield "a → b: standard deviation of the differences of the paired runs."
    if "runs" in kinds:
        yield (
            f"Groups of at least {FEWEST_RUNS} runs: √2 times the SD within them, as for runs of two methods that are "
            "independent and vary equally."
        )
    if "prior" in kinds:
        yield _prior_note(found)
    yield from (_own_sentence(source) for source in sources if source.own and source.score == "best")


def _prior_note(found: SeedPower) -> str:
    because = (
        f"No group has {FEWEST_RUNS} runs with different scores" if found.runs else "No run is named and no SD is given"
    )
    return (
        f"{because}: the SD is a prior, √2 times that of single runs. ResNet: 13 settings × 3 runs of published logs "
        "on Pascal. DINOv2: the four SDs of 3 seeds in Table 1 of the paper. Other data sets can differ; with "
        f"{FEWEST_RUNS} runs of your own, or --sd, it is replaced."
    )


def _own_sentence(source: Source) -> str:
    """What the user's own seeds could have found."""
    assert source.own is not None
    own = source.own
    return (
        f"{source.name}, best epoch: {own.seeds} seeds per method find a difference of {100 * own.difference:.2f} "
        f"points ({100 * own.low:.2f} to {100 * own.high:.2f} by the SD's interval) in four of five repetitions; "
        "smaller ones are missed more often."
    )


def detectable_table(sources: Sequence[Source], plan: Plan) -> Table:
    """Difference detectable with each number of seeds, and with the user's."""
    return Table.of(
        "power_detectable",
        "Detectable difference, mIoU points",
        sources,
        (
            Column("source", "SD from", of=lambda r: r.name),
            Column("score", "score"),
            *(_detectable_column(index, seeds) for index, seeds in enumerate(plan.seeds)),
        ),
        (TEST,),
        lambda r: {f"{d.seeds}_{end}": getattr(d, end) for d in r.detectable for end in ("low", "high")},
    )


def _detectable_column(index: int, seeds: int) -> Column[Source]:
    return Column(f"seeds_{seeds}", f"{seeds} seeds", "per_cent", of=lambda r: r.detectable[index].difference)


def epochs_table(runs: Sequence[RunScores], weights: Weights | None) -> Table:
    """Best epoch, last epoch, mean of the last five, and the optimism of the best."""
    alone = len({run.group for run in runs}) == len(runs)
    return Table.of(
        "power_epochs",
        "Best epoch and its optimism",
        runs,
        (
            Column("run", "run", of=lambda r: r.group if alone else r.name),
            Column("evaluations", "evals", "count"),
            Column("best", "best %", "per_cent"),
            Column("best_epoch", "epoch", "count"),
            Column("last", "last %", "per_cent"),
            Column("last_five", "last five %", "per_cent"),
            Column("noise", "noise SD", "per_cent", of=lambda r: r.noise.sd),
            Column("optimism", "optimism", "points", of=lambda r: r.noise.optimism),
        ),
        _epoch_notes(runs, weights),
        lambda r: {"group": r.group, "autocorrelation": r.noise.autocorrelation},
    )


def _epoch_notes(runs: Sequence[RunScores], weights: Weights | None) -> Iterator[str]:
    if weights is not None:
        yield f"mIoU of {WHOSE[weights]}; epochs as the log counts."
    yield (
        "The best epoch is chosen on the list it is scored on. Noise: fluctuation of the late half of the epochs "
        "around a smooth trend. Optimism: expected noise at the best of all epochs, from simulated curves (trend and "
        "autocorrelated noise). It is an upper bound: the part of the fluctuation that other images share is no "
        "optimism, which a log cannot tell. A difference inherits only the difference of the two optimisms."
    )
    known = [run.noise.optimism for run in runs if run.noise.optimism == run.noise.optimism]
    if known:
        yield (
            f"Choosing the best epoch lifts the score by up to {100 * sum(known) / len(known):.2f} points "
            f"(mean of {len(known)} run{'s' if len(known) > 1 else ''})."
        )
    if len(known) < len(runs):
        yield f"{UNDEFINED}: fewer than {FEWEST} evaluations, or fluctuation too slow to be told from the trend."


def images_table(powers: Sequence[ImagePower], plan: Plan) -> Table:
    """Images needed for each effect."""
    return Table.of(
        "power_images",
        "Images needed",
        powers,
        (
            Column("pair", "pair", of=_pair),
            Column("images", "images", "count", of=lambda r: r.noise.images),
            delta_column("delta", "mIoU", higher_is_better=True, of=lambda r: r.noise.difference),
            Column("half_width", "± 95 %", "per_cent"),
            Column("detectable", "find", "per_cent"),
            *(_images_column(index, effect) for index, effect in enumerate(plan.effects)),
        ),
        (
            "For fixed weights: images like these that find a difference of mIoU with power 0.8, two-sided 0.05. ±: "
            "half the width of the paired bootstrap interval; it falls with the square root of the number of images.",
        ),
    )


def _images_column(index: int, effect: float) -> Column[ImagePower]:
    return Column(_points(effect), _points(effect), "count", of=lambda r: r.needed[index].images)
