"""Difference of mIoU over the contamination of the bank: a point per pair of runs, mean and interval per setting."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pixcon_figures.palette import color, ink, marker
from pixcon_figures.saved import Content, number, numbers, rounded, wrap
from pixcon_figures.style import WIDE, explain_panel, footnote, new_figure


def draw(content: Content, folder: Path) -> dict[str, Figure]:
    """``bank-effect``: a colour for each rule and, if it varies, kind of noise."""
    found = content["bank_effect"]
    figure = new_figure(WIDE, 3.2)
    panel = figure.subplots()
    kinds = list(dict.fromkeys(map(_kind, found["settings"])))
    for index, kind in enumerate(kinds):
        _settings(panel, [each for each in found["settings"] if _kind(each) == kind], kind, index)
    panel.axhline(0, color=ink(), linewidth=0.6)
    panel.set(xlabel="ρ_F of the bank after the last epoch", ylabel=f"Δ mIoU, {found['reference']} − other (points)")
    explain_panel(panel, WIDE)
    correlations = [f"{rule} {rounded(value, 2, sign=True)}" for rule, value in found["rank_correlations"].items()]
    spearman = f" Spearman's correlation: {', '.join(correlations)}." if correlations else ""
    footnote(figure, f"Small: a pair of runs. Large: mean of several pairs, with its 95 % interval.{spearman}")
    return {"bank-effect": figure}


def _settings(panel: Axes, settings: list[Content], kind: str, index: int) -> None:
    """The pairs of each setting and their mean."""
    shade, shape = color(index), marker(index)
    for setting in settings:
        x = numbers(pair["contamination"] for pair in setting["pairs"])
        y = 100 * numbers(pair["difference"] for pair in setting["pairs"])
        panel.plot(x, y, shape, color=shade, markersize=3, alpha=0.5, linestyle="none")
        low, high = (100 * number(setting["interval"][end]) for end in ("low", "high"))
        center = 100 * number(setting["difference"])
        if len(setting["pairs"]) == 1:
            continue
        bars = [[center - low], [high - center]] if low == low else None
        panel.errorbar(
            number(setting["contamination"]), center, yerr=bars, fmt=shape, color=shade, markersize=6, elinewidth=0.9
        )
    panel.plot([], [], shape, color=shade, linestyle="none", label=wrap(kind))


def _kind(setting: Content) -> str:
    """The rule and the values that are words, such as the kind of noise."""
    words = [value for value in setting["values"].values() if isinstance(value, str)]
    return ", ".join([setting["rule"], *words])
