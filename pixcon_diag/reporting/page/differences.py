"""Every difference from the baseline in one plot, with the noise of images and of seeds apart."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from markupsafe import Markup

from pixcon_diag.analyses.compare_short import kinds
from pixcon_diag.analyses.deltas import by_interval
from pixcon_diag.measures.comparison import Unit
from pixcon_diag.reporting.page.charts import grid, legend
from pixcon_diag.reporting.page.forest import Estimate, Row, forest
from pixcon_diag.reporting.page.section import Context, Section, fold
from pixcon_diag.reporting.page.tables import table_html
from pixcon_diag.statistics.spread import NAN
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Column

Record = Mapping[str, Any]

JUDGED = {
    "better": ("↑ better", "good"),
    "worse": ("↓ worse", "bad"),
    "undecided": ("undecided", ""),
    "identical": ("identical", ""),
    "too few images": ("too few images", ""),
    None: ("no interval", "soft"),
}
"""What an interval over images says, and its colour."""
READING = (
    "Bar: 95 % of paired bootstrap draws over images, for fixed weights; ↑ better, ↓ worse: it lies on one side of 0. "
    "A hollow mark has no interval, as its measure is no sum over images."
)
VERDICT = "compare_verdict"
"""Start of the name of the table on the filters, which do not depend on the baseline."""
RINGS = " Rings: Δ of each pair of seeds, which is the noise of training and has no part in the bar."


def section(context: Context) -> Section | None:
    """The differences; None where nothing is compared, and no power was computed."""
    looks = context.looks()

    def against(baseline: str, results: Mapping[str, Result]) -> Markup | None:
        comparisons = results["compare"].content["comparisons"] if "compare" in results else []
        if not comparisons:
            return None
        result = results["compare"]
        return _sentences(result) + _plots(baseline, comparisons, looks) + _tables(result)

    compared, power = context.variants(against), context.tables("power")
    if not compared and not power:
        return None
    if not compared:  # as of logs alone
        return Section("differences", "Differences", "How many seeds it takes to find a difference.", power)
    body = (
        compared
        + fold("Power: how many seeds and images a difference needs", power)
        + fold("Duel: where two methods disagree", context.tables("duel"))
    )
    about = "What changed against the baseline, and whether images and seeds can tell it from noise."
    return Section("differences", "Differences", about, body)


def _sentences(result: Result) -> Markup:
    return Markup("<ul>{}</ul>").format(
        Markup("").join(Markup("<li>{}</li>").format(sentence) for sentence in result.summary)
    )


def _tables(result: Result) -> Markup:
    noise = (table for table in result.files if not table.name.startswith(VERDICT))
    by_noise = Markup("").join(map(table_html, noise))
    shown = Markup("").join(map(table_html, result.tables))
    return fold("Tables of the differences", shown) + fold("Tables by kind of noise", by_noise)


def _plots(baseline: str, comparisons: Sequence[Record], looks: Mapping[str, int]) -> Markup:
    """The rates on one axis, and each other measure on its own."""
    alone = Markup("").join(
        forest(row.label, f"Δ{row.remark and f' ({row.remark})'}", [row._replace(label="")])
        for unit in ("number", "count")
        for row in _rows(comparisons, unit, looks)
    )
    rates = forest("Rates", "Δ, percentage points", list(_rows(comparisons, "fraction", looks)))
    names = legend((comparison["other"], looks[comparison["other"]]) for comparison in comparisons)
    seeds = any(_pairs(row) for comparison in comparisons for row in comparison["rows"])
    return Markup("<p>Δ = method − {}.</p>{}{}<p class=note>{}</p>").format(
        baseline, names, grid([rates, Markup("<div>{}</div>").format(alone)]), READING + RINGS * seeds
    )


def _rows(comparisons: Sequence[Record], unit: str, looks: Mapping[str, int]) -> Iterator[Row]:
    """The measures of a unit in order of appearance, each with the estimates of all methods."""
    estimates: dict[str, list[Estimate]] = {}
    remarks: dict[str, str] = {}
    for comparison in comparisons:
        for row in comparison["rows"]:
            if row["unit"] == unit:
                name = comparison["other"]
                estimates.setdefault(row["measure"], []).append(_estimate(name, looks[name], row))
                remarks[row["measure"]] = "" if row["higher_is_better"] else "less is better"
    return (Row(measure, remarks[measure], found) for measure, found in estimates.items())


def _estimate(name: str, look: int, row: Record) -> Estimate:
    """Δ of a measure, and what images say of it."""
    scale = 100 if row["unit"] == "fraction" else 1
    noise = row["image_noise"] or {"low": NAN, "high": NAN, "images": 0}
    delta, low, high = row["seed_noise"]["difference"], noise["low"], noise["high"]
    word, color = JUDGED[by_interval(low, high, noise["images"], higher_is_better=row["higher_is_better"])]
    text = partial(_text, row["unit"])
    about = f"{name}, {row['measure']}: {text(delta)}, {word}" + (
        f" ({text(low)} to {text(high)})" if low == low else ""
    )
    return Estimate(
        name,
        look,
        scale * delta,
        scale * low,
        scale * high,
        f"{text(delta)} {word}",
        color,
        about,
        tuple(scale * value for value in _pairs(row)),
    )


def _text(unit: Unit, delta: float) -> str:
    """A difference as the tables write it."""
    _, kind, digits = kinds(unit)
    return Column("", "", kind, digits).text(delta).replace("-", "−")


def _pairs(row: Record) -> Sequence[float]:
    """Δ of each pair of seeds, where there are several."""
    paired = row["seed_noise"]["paired"]
    values: Sequence[float] = paired["deltas"]["values"] if paired else ()
    return values if len(values) > 1 else ()
