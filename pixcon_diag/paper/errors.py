"""Table 6, IoU of each class, and Table 7, error near boundaries, of each method against the baseline."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pixcon_diag.statistics.spread import mean
from pixcon_diag.tables.file_names import file_parts
from pixcon_diag.tables.latex import latex_name, latex_row, multicolumn
from pixcon_diag.tables.paper_table import RULE, PaperTable, fixed, lines

Record = Mapping[str, Any]


def tables6(comparisons: Sequence[Record], dataset: str) -> Iterator[PaperTable]:
    """Table 6 of each comparison: IoU of both methods and Δ, in per cent with one decimal, the mean with two.

    Args:
        comparisons: as `per-class` writes them.
        dataset: name of the data set.
    """
    parts = file_parts([comparison["other"] for comparison in comparisons])
    for comparison in comparisons:
        baseline, other = latex_name(comparison["baseline"]), latex_name(comparison["other"])
        result = comparison["per_class"]
        seeds = result["baseline_seeds"], result["other_seeds"]
        yield PaperTable(
            f"paper_table6_{parts[comparison['other']]}",
            rf"Full per-class results. Per-class IoU (\%) on {latex_name(dataset)}, mean over "
            rf"{_seeds(seeds)}: {baseline} (U) vs.\ {other} (P), with the difference $\Delta$ = P $-$ U. Classes "
            "ordered by the IoU of U",
            "lrrr",
            (latex_row(("Class", "U", "P", r"$\Delta$")),),
            (
                *lines([[latex_name(row["name"]), *_values(row, 1)] for row in result["rows"]]),
                RULE,
                latex_row(("mean", *_values(result["mean"], 2))),
            ),
        )


def _values(row: Record, digits: int) -> Iterator[str]:
    yield fixed(row["baseline"], digits, scale=100)
    yield fixed(row["other"], digits, scale=100)
    yield fixed(row["delta"], digits, scale=100, sign=True)


def _seeds(counts: Sequence[int]) -> str:
    """The number of seeds, of both methods if they differ."""
    first, second = counts
    return f"{first} seed{'s' * (first > 1)}" if first == second else f"{first} and {second} seeds"


def tables7(results: Sequence[Record], baseline: str) -> Iterator[PaperTable]:
    """Table 7 of each other method: errors in per cent with two decimals, and baseline − method.

    Args:
        results: as `boundary` writes them, with the same images and classes.
        baseline: method that the others are compared with.
    """
    others = [name for name in dict.fromkeys(result["group"] for result in results) if name != baseline]
    parts = file_parts(others)
    dataset = results[0]["provenance"]["data"]["dataset"]
    for other in others:
        rows = []
        groups = [[r for r in results if r["group"] == name] for name in (baseline, other)]
        counts = [len(group) for group in groups]
        for k, at in enumerate(groups[0][0]["boundary"]["widths"]):
            row = [f"{at['width']} px"]
            for zone in ("band", "interior"):
                errors = [mean([_error(r, k, zone) for r in group]) for group in groups]
                row += [rf"{fixed(errors[0], 2, scale=100)} $\rightarrow$ {fixed(errors[1], 2, scale=100)}"]
                row += [fixed(errors[0] - errors[1], 2, scale=100, sign=True)]
            rows.append(row)
        first, second = latex_name(baseline), latex_name(other)
        arrow = rf"{first} $\rightarrow$ {second}"
        yield PaperTable(
            f"paper_table7_{parts[other]}",
            rf"Boundary and interior error. {latex_name(dataset)}, error rate (\%, lower better), mean over "
            rf"{_seeds(counts)}. Boundary band = within $w$ px of a ground-truth label transition; interior = "
            rf"the rest. $\Delta$ = {first} $-$ {second} (positive means {second} better), which is the opposite "
            "of the sign elsewhere in this report",
            "lrrrr",
            (
                latex_row(("band $w$", multicolumn(2, "boundary"), multicolumn(2, "interior"))),
                r"\cmidrule(lr){2-3} \cmidrule(lr){4-5}",
                latex_row(("", arrow, r"$\Delta$ bd", arrow, r"$\Delta$ in")),
            ),
            lines(rows),
            width=2 * (len(baseline) + len(other)) + 30,
        )


def _error(result: Record, width: int, zone: str) -> float:
    error = result["boundary"]["widths"][width][zone]["error"]
    return float("nan") if error is None else float(error)
