"""Table 10: a block of each hyperparameter, its settings side by side."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pixcon_diag.tables.latex import latex_row, latex_text, multicolumn
from pixcon_diag.tables.paper_table import RULE, PaperTable, fixed

Record = Mapping[str, Any]

SYMBOLS = {"bank.weight": r"$\lambda_\mathrm{pix}$", "bank.temperature": r"$\eta$", "bank.size": "$N$"}
"""The paper's symbols of configuration keys."""
HEADS = ("low", r"\underline{default}", "high")


def table10(sensitivity: Record) -> PaperTable:
    """Table 10: value, best mIoU in per cent with two decimals and peak epoch; the base setting underlined.

    Args:
        sensitivity: as `sensitivity` writes it.
    """
    axes = sensitivity["axes"]
    most = max(len(axis["settings"]) for axis in axes)
    body: list[str] = []
    for axis in axes:
        body += [RULE] * bool(body) + list(_block(axis, most))
    network = {"ema": "EMA", "student": "student"}[sensitivity["weights"]]
    base = " (underlined)" if sensitivity["base"] else ", of which none is known"
    middle = all(len(axis["settings"]) == 3 and axis["settings"][1]["is_base"] for axis in axes)
    heads = HEADS if middle else (multicolumn(most, "values"),)
    return PaperTable(
        "paper_table10",
        rf"Sensitivity of best {network} mIoU (\%). Each block varies one hyperparameter with the others at their "
        f"default{base}; all blocks share the default run",
        "ll" + "r" * most,
        (latex_row(("", "setting", *heads)),),
        tuple(body),
        width=30 + 12 * most,
    )


def _block(axis: Record, most: int) -> Iterator[str]:
    settings: Sequence[Record] = axis["settings"]
    missing = [""] * (most - len(settings))
    values = [latex_text(_value(setting["value"])) for setting in settings]
    values = [rf"\underline{{{v}}}" if s["is_base"] else v for v, s in zip(values, settings, strict=True)]
    peaks = ["/".join(map(str, dict.fromkeys(setting["peak_epochs"]))) for setting in settings]
    symbol = SYMBOLS.get(axis["hyperparameter"], latex_text(axis["hyperparameter"]))
    yield latex_row((symbol, "value", *values, *missing))
    yield latex_row(("", "mIoU", *(fixed(setting["mean"], 2, scale=100) for setting in settings), *missing))
    yield latex_row(("", "peak ep", *peaks, *missing))


def _value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
