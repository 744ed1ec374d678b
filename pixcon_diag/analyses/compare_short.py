"""The outcome of a comparison in sentences and in short tables: a row for each measurement."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from pixcon_diag.analyses.deltas import Judgement, arrow, by_interval, delta_note
from pixcon_diag.measures.comparison import ComparisonRow, Unit
from pixcon_diag.measures.seeds import PairedSeeds
from pixcon_diag.measures.uncertainty import ImageNoise
from pixcon_diag.measures.verdict import MIN_IMAGES
from pixcon_diag.statistics.power import detectable_with_images
from pixcon_diag.tables.table import Column, Kind, Table

IMAGES = (
    "low, high: variation over validation sets, for fixed weights (paired bootstrap over images, percentile interval)."
)
SEEDS = (
    "seeds better: of the pairs of runs (by seed, or in the order given where files state none). The CSV files have "
    "the tests over seeds."
)
STARTS = (
    "Several pairs fork one checkpoint. They share its first epochs, so they are not independent, and the tests count "
    "their mean once."
)
ONE_START = (
    "All pairs fork one checkpoint, so the tests over seeds hold for continuations of it, not for training from the "
    "beginning."
)
ONE_SEED = "One seed each, so the noise of training is unknown."
PLAIN = "Without an interval: not a sum over images."
UNITS: dict[Unit, str] = {"fraction": "rates, %", "number": "numbers", "count": "counts"}
"""Titles of the tables."""
NAMED = 4
"""Most measurements that a sentence names."""


def kinds(unit: Unit) -> tuple[Kind, Kind, int | None]:
    """How a value and a difference are shown, and with how many decimals."""
    if unit == "fraction":
        return "per_cent", "points", None
    return ("count", "delta_count", None) if unit == "count" else ("number", "delta", None)


def verdict(row: ComparisonRow) -> Judgement | None:
    """What the interval over images says; None without one."""
    noise = row.image_noise
    if noise is None:
        return None
    return by_interval(noise.low, noise.high, noise.images, higher_is_better=row.higher_is_better)


def seeds_better(row: ComparisonRow) -> str | None:
    """On how many seeds, or starts, the method is better; None where seeds are not paired."""
    pairs = row.seed_noise.paired
    return None if pairs is None else f"{pairs.wins}/{len(pairs.deltas.values)}"


def counted(pairs: PairedSeeds, word: str = "seeds") -> str:
    """What the tests count: seeds, or checkpoints that several pairs fork."""
    count = len(pairs.deltas.values)
    return f"{count} {word}" if pairs.runs == count else f"{count} starts, the means of {pairs.runs} pairs of forks"


def several_seeds(row: ComparisonRow) -> bool:
    """Whether a method has several seeds."""
    return max(len(row.seed_noise.first.values), len(row.seed_noise.second.values)) > 1


def start_notes(rows: Sequence[ComparisonRow]) -> Iterator[str]:
    """What the tests count where several pairs fork one checkpoint."""
    starts = {
        pairs.starts for row in rows if (pairs := row.seed_noise.paired) and pairs.runs > (pairs.starts or pairs.runs)
    }
    yield from [ONE_START if count == 1 else STARTS for count in sorted(filter(None, starts))][:1]


def conclusion(baseline: str, other: str, rows: Sequence[ComparisonRow]) -> Iterator[str]:
    """A sentence on the first measurement, the mIoU, and one that counts the others."""
    if rows:
        yield _first(baseline, other, rows[0])
    verdicts = [(verdict(row), row.measure) for row in rows]
    counts = Counter(word for word, _ in verdicts)
    if not any(word for word, _ in verdicts):
        return
    named = [_named(word, [name for found, name in verdicts if found == word]) for word in ("better", "worse")]
    parts = (
        [f"{other} is {' and '.join(named)}, beyond the noise of images"] if counts["better"] + counts["worse"] else []
    )
    parts += [f"{counts[word]} {said}" for word, said in _OTHERWISE.items() if counts[word]]
    yield f"Of {len(rows)} measurements, {'; '.join(parts)}."


_OTHERWISE: dict[Judgement | None, str] = {
    "undecided": "undecided",
    "identical": "identical in both",
    "too few images": f"without a verdict, for which {MIN_IMAGES} images are needed",
    None: "without an interval",
}
"""Verdicts on neither side, in words."""
_JUDGED = {
    None: "compared with",
    "undecided": "not told apart from",
    "identical": "identical to",
    "too few images": "compared with",
}
"""What a method is to its baseline, where it is not better or worse than it."""


def _named(word: str, names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    listed = f" ({'; '.join(names[:NAMED])}{more})" if names else ""
    return f"{word} in {len(names)}{listed}"


def _first(baseline: str, other: str, row: ComparisonRow) -> str:
    """The difference of one measurement: its size, its interval over images, and its seeds."""
    _, kind, digits = kinds(row.unit)
    text, noise, seeds = Column("", "", kind, digits).text, row.image_noise, row.seed_noise
    word = verdict(row)
    judged = _JUDGED.get(word, f"{word} than")
    said = f"{row.measure}: {other} is {judged} {baseline}, Δ = {text(seeds.difference)}"
    said += " points" if row.unit == "fraction" else ""
    if noise is not None and word is not None:
        few = f", too few for a verdict: {MIN_IMAGES} are needed" if word == "too few images" else ""
        said += f" ({noise.level:.0%} over {noise.images:,} images: {text(noise.low)} to {text(noise.high)}{few})"
    if not several_seeds(row):
        return f"{said}. {ONE_SEED}"
    pairs = seeds.paired
    if pairs is None:
        return f"{said}."
    test = pairs.sign_test
    return (
        f"{said}; better on {pairs.wins} of {counted(pairs)} (one-sided sign test p = "
        f"{test.one_sided:.3f}; the least possible is {test.smallest_one_sided:.3f}).{_pairing(row, pairs)}"
    )


def _pairing(row: ComparisonRow, pairs: PairedSeeds) -> str:
    """What pairing the seeds gains; empty where it cannot be measured."""
    if math.isnan(pairs.fewer_seeds):
        return ""
    spread = Column("", "", *kinds(row.unit)[::2]).text(pairs.deltas.std)
    points = " points" if row.unit == "fraction" else ""
    correlation = "" if math.isnan(pairs.correlation) else f", correlation of the seeds {pairs.correlation:.2f}"
    return (
        f" Standard deviation of the paired differences {spread}{points}{correlation}: measured on these "
        f"{counted(pairs, 'pairs')}, a difference needs {pairs.fewer_seeds:.1f} times fewer seeds than with "
        "independent ones."
    )


def short_table(baseline: str, other: str, unit: Unit, rows: Sequence[ComparisonRow], name: str) -> Table:
    """The measurements of one unit, in a table called ``name``, with what images and seeds say of each."""
    value, delta, digits = kinds(unit)
    chosen = [row for row in rows if row.unit == unit]
    columns: list[Column[ComparisonRow]] = [
        Column("measure", "measure", of=lambda r: f"{r.measure} ({arrow(r.higher_is_better)})"),
        Column("baseline", baseline, value, digits, of=lambda r: r.seed_noise.first.mean, minor=True),
        Column("other", other, value, digits, of=lambda r: r.seed_noise.second.mean, minor=True),
        Column("difference", "Δ", delta, digits, of=lambda r: r.seed_noise.difference),
    ]
    if any(verdict(row) for row in chosen):
        columns += [
            Column("low", "low", delta, digits, of=lambda r: r.image_noise.low if r.image_noise else None),
            Column("high", "high", delta, digits, of=lambda r: r.image_noise.high if r.image_noise else None),
            Column("verdict", "verdict", of=verdict),
        ]
    if any(several_seeds(row) for row in chosen):
        columns.append(Column("seeds", "seeds better", of=seeds_better))
    return Table.of(name, f"{baseline} → {other}: {UNITS[unit]}", chosen, columns, _notes(baseline, other, chosen))


def _notes(baseline: str, other: str, rows: Sequence[ComparisonRow]) -> Iterator[str]:
    yield (
        f"{delta_note(baseline, other)} verdict: of {other}, by the interval over images; undecided if it includes 0; "
        f"none of fewer than {MIN_IMAGES} images."
    )
    uneven = [row.measure for row in rows if not row.same_classes]
    if uneven:
        yield f"Means over different classes in some runs, so Δ also reflects the classes: {', '.join(uneven)}."
    if any(row.image_noise is not None for row in rows):
        yield IMAGES
    for noise in (row.image_noise for row in rows if row.measure == "mIoU"):
        if noise is not None and noise.high > noise.low:
            yield _images_sentence(noise)
    if any(row.image_noise is None for row in rows):
        yield PLAIN
    if any(several_seeds(row) for row in rows):
        yield SEEDS
    yield from start_notes(rows)


def _images_sentence(noise: ImageNoise) -> str:
    """What these images find, and how many an effect of a point needs."""
    half_width = (noise.high - noise.low) / 2
    found = 100 * detectable_with_images(half_width, level=noise.level)
    needed = math.ceil(noise.images * found**2)  # the width falls with the square root of the number of images
    return (
        f"mIoU: these {noise.images:,} images find a difference of {found:.2f} points in four of five repetitions (for "
        f"fixed weights; two-sided 0.05); one point needs {needed:,} images like these."
    )
