"""The memory bank that each rule fills: its classes, its wrong entries, and what these add to the gradient."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from pixcon_diag.reporting.page.charts import Axis, Point, Series, grid, legend, line_chart
from pixcon_diag.reporting.page.coverage_matrix import coverage_matrix
from pixcon_diag.reporting.page.forest import Estimate, Row, forest
from pixcon_diag.reporting.page.scales import number_text
from pixcon_diag.reporting.page.section import Context, Section, fold
from pixcon_diag.reporting.page.tables import table_html
from pixcon_diag.statistics.spread import NAN, quotient
from pixcon_train.method.admission import RULES

Record = Mapping[str, Any]

FORMS = {"eq3": "Eq. 3, the loss of training", "supcon": "SupCon, mean of log-probabilities"}
MODES = {"confusion": "wrong entries as the network confuses classes", "uniform": "wrong entries drawn uniformly"}


def section(context: Context) -> Section | None:
    """Coverage, contamination and gradient of the banks; None where no bank was replayed."""
    banks, splits = (context.content(command).get("results", []) for command in ("coverage", "gradient"))
    if not banks and not splits:
        return None
    looks = context.looks(dict.fromkeys(record["group"] for record in (*banks, *splits)))
    names = [name for name in looks if any(record["group"] == name for record in (*banks, *splits))]
    body = Markup("").join(
        (
            legend((name, looks[name]) for name in names) if len(names) > 1 else "",
            coverage_matrix(banks),
            _contamination(banks, looks),
            fold("Tables of the banks", _classes(context) + context.tables("coverage")),
            _gradient(splits, looks),
            fold("Tables of the gradient", context.tables("gradient")),
        )
    )
    about = "Which classes a memory bank would hold, how many of its entries are wrong, and how much they pull."
    return Section("bank", "Bank and gradient", about, body)


def _classes(context: Context) -> Markup:
    """The numbers of the matrix, where the tables that are shown do not have them."""
    table = context.table("coverage", "coverage_classes")
    if table is None or table in context.results["coverage"].tables:
        return Markup("")
    return table_html(table, folded=True)


def _contamination(banks: Sequence[Record], looks: Mapping[str, int]) -> Markup:
    """Share of wrong entries by rule, with its interval over images; below it that of the banks stored."""
    exact = [rule for rule in dict.fromkeys(record["rule"] for record in banks) if not RULES[rule].uses_tau]
    rules = dict.fromkeys(record["rule"] for record in banks if record["rule"] not in exact)
    rows = [Row(f"bank by {rule}", "", list(_filled(banks, rule, looks))) for rule in rules]
    rows.append(Row("bank in the checkpoint's file", "", list(_stored(banks, looks))))
    chart = forest("Wrong entries in the bank", "ρ_F of the entries, %", [row for row in rows if row.estimates])
    if not chart:
        return Markup("")
    note = "Bars: 95 % interval over images." + (f" By definition no wrong entry: {', '.join(exact)}." if exact else "")
    return Markup("<h3>Contamination</h3>{}<p class=note>{}</p>").format(grid([chart]), note)


def _filled(banks: Sequence[Record], rule: str, looks: Mapping[str, int]) -> Iterator[Estimate]:
    """The bank that a rule fills, of each checkpoint."""
    for record in banks:
        if record["rule"] != rule:
            continue
        rate, interval = 100 * record["bank"]["rho_f"], record["bank"]["interval"]
        low, high = 100 * interval["low"], 100 * interval["high"]
        text = f"{number_text(rate, 3)} %"
        about = f"{record['name']}: {text} ({number_text(low, 3)} to {number_text(high, 3)})"
        yield Estimate(record["name"], looks[record["group"]], rate, low, high, text, about=about)


def _stored(banks: Sequence[Record], looks: Mapping[str, int]) -> Iterator[Estimate]:
    """The bank in each checkpoint's file, where the truth of its entries is known."""
    for record in {record["name"]: record for record in banks}.values():
        stored = record["stored_bank"]
        if stored and stored["purity"] is None:
            rate = 100 * stored["overall_contamination"]
            text = f"{number_text(rate, 3)} %"
            yield Estimate(
                record["name"], looks[record["group"]], rate, NAN, NAN, text, about=f"{record['name']}: {text}"
            )


class _Split(NamedTuple):
    """The first checkpoint of a method: its sweep and the banks of its rules."""

    group: str
    sweep: Mapping[str, Sequence[Record]]
    banks: Sequence[Record]


def _gradient(splits: Sequence[Record], looks: Mapping[str, int]) -> Markup:
    """The share of g_F over the contamination, a chart per way of relabelling and form of the loss."""
    firsts = [_split(splits, group) for group in dict.fromkeys(record["group"] for record in splits)]
    modes = [mode for mode in MODES if any(split.sweep.get(mode) for split in firsts)] or [""]
    charts = [_sweep_chart(firsts, mode, form, looks) for mode in modes for form in FORMS]
    if not any(charts):
        return Markup("")
    note = (
        "Share: ‖g_F‖ / (‖g_T‖ + ‖g_F‖), over the share ρ_F of false ones among the positives; both axes are "
        "logarithmic, and 0 stands apart. Lines: a clean bank whose entries are relabelled step by step. Hollow marks: "
        "the bank as a rule fills it. Dotted: the count law, by which the share is ρ_F (Obs. 3.1). First checkpoint of "
        "each method."
    )
    return Markup("<h3>Gradient</h3>{}<p class=note>{}</p>").format(grid(charts), note)


def _split(splits: Sequence[Record], group: str) -> _Split:
    """The first checkpoint of ``group``."""
    own = [record for record in splits if record["group"] == group]
    first = [record for record in own if record["name"] == own[0]["name"]]
    sweeps = [record["sweep"] for record in first if record["sweep"]]
    return _Split(group, sweeps[0] if sweeps else {}, first)


def _sweep_chart(firsts: Sequence[_Split], mode: str, form: str, looks: Mapping[str, int]) -> Markup:
    """The sweeps of one way of relabelling with one form of the loss, and the banks."""
    swept = [
        Series(split.group, [_point(point["result"], form) for point in split.sweep.get(mode, [])], looks[split.group])
        for split in firsts
    ]
    banks = [
        Series(
            f"{split.group}, bank by {record['rule']}",
            [_point(record["gradient"], form)],
            looks[split.group],
            line=False,
            hollow=True,
            label=record["rule"] if len(firsts) == 1 else "",
        )
        for split in firsts
        for record in split.banks
        if record["gradient"][form]["overall"]["rho_f"] > 0
    ]
    shares = [point.x for one in (*swept, *banks) for point in one.points if point.x > 0]
    law = [Point(share, share) for share in (min(shares), max(shares))] if shares else []
    title = FORMS[form] + (f": {MODES[mode]}" if mode else "")
    x, y = Axis("ρ_F of the positives", log=True), Axis("share of g_F", log=True)
    return line_chart(title, x, y, [Series("count law", law, quiet=True, marks=False), *swept, *banks])


def _point(forms: Record, form: str) -> Point:
    """Contamination and share of g_F; ρ_F is a count, the same for both forms."""
    ratio = forms[form]["overall"]["ratio"]
    return Point(forms["supcon"]["overall"]["rho_f"], quotient(ratio, 1 + ratio))
