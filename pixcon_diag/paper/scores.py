"""Tables 1–3, mIoU beside the published results, and Table 4, mIoU of each admission rule."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pixcon_diag.measures.landscape import PublishedTable, published_tables
from pixcon_diag.statistics.spread import Spread, spread
from pixcon_diag.tables.latex import latex_row, latex_text, multicolumn
from pixcon_diag.tables.paper_table import DASH, RULE, PaperTable, lines, with_std

Record = Mapping[str, Any]

DINOV2 = "DINOv2"


def tables1_to_3(results: Sequence[Record], encoders: Mapping[str, str]) -> Iterator[PaperTable]:
    """The table of each data set of Tables 1–3 that checkpoints are of; absent for other data sets.

    A checkpoint belongs to a column by its number of labeled images, which its file states, and only if the whole
    validation list was measured.

    Args:
        results: records of the table of checkpoints.
        encoders: names of encoders by the size of the network.
    """
    for dataset, table in published_tables().items():
        own = [result for result in results if _belongs(result, dataset, table)]
        if own:
            yield _table(table, own, encoders)


def _belongs(result: Record, dataset: str, table: PublishedTable) -> bool:
    data = result["provenance"]["data"]
    whole = data["dataset"] == dataset and data["images"] == table.images
    return whole and result["labeled"] in [labeled for _, labeled in table.splits]


def _table(table: PublishedTable, own: Sequence[Record], encoders: Mapping[str, str]) -> PaperTable:
    width = 2 + len(table.splits)
    body = []
    for title, published in (
        ("Specialised backbones (prior work):", [m for m in table.methods if not m.encoder.startswith(DINOV2)]),
        ("DINOv2 backbone (published):", [m for m in table.methods if m.encoder.startswith(DINOV2)]),
    ):
        values = [
            [latex_text(m.name), m.encoder, *(DASH if v is None else latex_text(v) for v in m.values)]
            for m in published
        ]
        body += [_block(title, width), *lines(values), RULE]
    body += [_block("This study:", width), *lines(_own_rows(table, own, encoders))]
    heads = [rf"{split} ({labeled})" for split, labeled in table.splits]
    return PaperTable(
        f"paper_table{table.number}",
        rf"{table.title}, mIoU (\%). Headers are labeled-image counts. This study: mean $\pm$ std over seeds, "
        r"$\dagger$ single seed; per split the best of its rows is bold and the second italic. Published rows are "
        "reference targets, not compute-matched",
        "ll" + "r" * len(heads),
        (latex_row(("Method", "Encoder", *heads)),),
        tuple(body),
        width=100,
    )


def _block(title: str, width: int) -> str:
    return latex_row([multicolumn(width, rf"\textit{{{title}}}", "l")])


def _own_rows(table: PublishedTable, own: Sequence[Record], encoders: Mapping[str, str]) -> list[list[str]]:
    """A row of each method and encoder, the best and second mark of each split."""
    cells: dict[tuple[str, str], dict[int, list[float]]] = {}
    for result in own:
        size = result["provenance"]["checkpoint"]["size"]
        row = cells.setdefault((result["group"], encoders.get(size, size)), {})
        row.setdefault(result["labeled"], []).append(result["iou"]["miou"])
    marks = {
        labeled: sorted((spread(row[labeled]).mean for row in cells.values() if labeled in row), reverse=True)
        for _, labeled in table.splits
    }
    return [
        [latex_text(name), latex_text(encoder), *(_cell(row.get(n), marks[n]) for _, n in table.splits)]
        for (name, encoder), row in cells.items()
    ]


def _cell(mious: Sequence[float] | None, ranked: Sequence[float]) -> str:
    if mious is None:
        return DASH
    value = spread(mious)
    text = with_std(value, 2, scale=100) + (r"$\dagger$" if len(mious) == 1 else "")
    if len(ranked) < 2 or value.mean not in ranked[:2]:
        return text
    return rf"\textbf{{{text}}}" if value.mean == ranked[0] else rf"\textit{{{text}}}"


def table4(rules: Mapping[str, Mapping[int, Spread]], titles: Mapping[str, str]) -> PaperTable:
    """Table 4: mIoU in per cent with two decimals by admission rule and number of labeled images.

    Args:
        rules: mIoU over seeds by rule and number of labeled images.
        titles: names of the rules.
    """
    splits = sorted({labeled for cells in rules.values() for labeled in cells})
    return PaperTable(
        "paper_table4",
        r"mIoU (\%) by the bank's admission rule, for each number of labeled images",
        "l" + "r" * len(splits),
        (latex_row(("Contrastive bank", *map(str, splits))),),
        lines(
            [
                [latex_text(titles[rule]), *(with_std(cells[n], 2, scale=100) if n in cells else DASH for n in splits)]
                for rule, cells in rules.items()
            ]
        ),
        width=30 + 16 * len(splits),
    )
