"""Table 8, contamination at a threshold, and Table 9, geometry of the feature."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pixcon_diag.statistics.spread import Spread, spread
from pixcon_diag.tables.file_names import file_parts
from pixcon_diag.tables.latex import latex_name, latex_row
from pixcon_diag.tables.paper_table import PaperTable, fixed, lines, with_std

Record = Mapping[str, Any]

QUANTITIES = (
    ("compactness", r"Intra-class compactness ($\uparrow$)"),
    ("mean_inter", r"Mean inter-class cosine ($\downarrow$)"),
    ("max_inter", r"Max inter-class cosine ($\downarrow$)"),
    ("margin", r"Margin ($\uparrow$)"),
)
"""Rows of Table 9: key of the result, and label."""


def tables8(results: Sequence[Record]) -> Iterator[PaperTable]:
    """Table 8 at each threshold: mIoU with two decimals, rates with one, ρ_F with three.

    Args:
        results: as `contamination` writes them.
    """
    taus = dict.fromkeys(at["tau"] for result in results for at in result["contamination"]["thresholds"])
    for tau in taus:
        rows = []
        for result in results:
            at = next(at["overall"] for at in result["contamination"]["thresholds"] if at["tau"] == tau)
            rows.append(
                [
                    latex_name(f"{result['provenance']['data']['dataset']}, {result['name']}"),
                    fixed(result["iou"]["miou"], 2, scale=100),
                    *(rf"{fixed(at[key], 1, scale=100)}\%" for key in ("retention", "retained_accuracy")),
                    fixed(at["rho_f"], 3),
                ]
            )
        yield PaperTable(
            f"paper_table8_{tau:g}",
            r"Measured confidence-bank contamination $\rho_F$. Teacher error among retained pixels at "
            rf"$\tau$ = {tau:g}",
            "lrrrr",
            (latex_row(("Dataset", r"mIoU (\%)", "retention", "retained acc", r"$\rho_F$")),),
            lines(rows),
            width=max(len(row[0]) for row in rows) + 40,
        )


def tables9(results: Sequence[Record]) -> Iterator[PaperTable]:
    """Table 9 of each method beside the first one: mean ± sample std with three decimals, and Δ = method − first.

    Args:
        results: as `geometry` writes them; methods on other images than the first one have no table.
    """
    groups: dict[str, list[Record]] = {}
    for result in results:
        groups.setdefault(result["group"], []).append(result)
    if not groups:
        return
    baseline, *others = groups
    if not others:
        yield _table9("paper_table9", {baseline: groups[baseline]})
    parts = file_parts(others)
    for other in others:
        if _images(groups[other][0]) == _images(groups[baseline][0]):
            yield _table9(f"paper_table9_{parts[other]}", {name: groups[name] for name in (baseline, other)})


def _images(result: Record) -> tuple[str, ...]:
    data = result["provenance"]["data"]
    return data["dataset"], data["list_sha256"], data["root"]


def _table9(name: str, groups: Mapping[str, Sequence[Record]]) -> PaperTable:
    rows = []
    for key, label in QUANTITIES:
        spreads = [spread([_number(result["geometry"][key]) for result in seeds]) for seeds in groups.values()]
        rows.append([label, *(with_std(value, 3) for value in spreads), *_delta(spreads)])
    first = next(iter(groups.values()))[0]
    classes, dataset = len(first["foreground"]), latex_name(first["provenance"]["data"]["dataset"])
    heads = ["Quantity", *map(latex_name, groups), *([r"$\Delta$"] if len(groups) > 1 else [])]
    names = [latex_name(group) for group in groups]
    delta = rf". $\Delta$ = {names[1]} $-$ {names[0]}" if len(names) > 1 else ""
    return PaperTable(
        name,
        rf"Geometry of the fused decoder feature on {dataset} ({classes} foreground classes), "
        rf"mean $\pm$ std over seeds ({', '.join(str(len(seeds)) for seeds in groups.values())}). Compactness = mean "
        "cosine to class centroid (higher tighter); inter = mean/max centroid-pair cosine (lower better); margin = "
        f"compactness $-$ mean inter{delta}",
        "l" + "r" * (len(heads) - 1),
        (latex_row(heads),),
        lines(rows),
        width=70,
    )


def _delta(spreads: Sequence[Spread]) -> list[str]:
    return [fixed(spreads[1].mean - spreads[0].mean, 3, sign=True)] if len(spreads) > 1 else []


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
