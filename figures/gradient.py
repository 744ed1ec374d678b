"""Gradient share of false positives against the count law ρ_F / (1 − ρ_F), on log–log axes (Obs. 3.1)."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from pixcon_figures.palette import color
from pixcon_figures.saved import Content, first_of_groups, number, numbers, wrap
from pixcon_figures.style import NARROW, WIDE, explain, footnote, new_figure

NAMES = {"supcon": "SupCon: mean of log-probabilities", "eq3": "Eq. 3: sum inside the logarithm"}
FORMS: dict[str, dict[str, Any]] = {
    "supcon": {"marker": "s", "linestyle": "--", "markerfacecolor": "white"},
    "eq3": {"marker": "o", "linestyle": "-", "markerfacecolor": "white"},
}
BANKS = "*PDX"
RELABELLED = {
    "uniform": "wrong labels drawn uniformly",
    "confusion": "wrong labels drawn as the model confuses classes",
}
LAW = r"law $\rho_F/(1-\rho_F)$"
LAW_LINE: dict[str, Any] = {"color": "0.3", "linewidth": 0.8, "linestyle": ":"}
LEFT = 1e-3
"""Largest value at which the logarithmic part of an axis may begin."""


def draw(content: Content, folder: Path) -> dict[str, Figure]:
    """``gradient``: E‖g_F‖ / E‖g_T‖ over the measured ρ_F for both forms, a panel per kind of relabelling.

    The first checkpoint of each group is drawn; its banks are large marks, one shape per rule. Without a sweep
    there is one panel with the banks.
    """
    results = [result for _, result in first_of_groups(content["results"])]
    kinds = [kind for kind in RELABELLED if any(result["sweep"].get(kind) for result in results)]
    figure = new_figure(WIDE if len(kinds) > 1 else 1.4 * NARROW, 3.5)
    panels = figure.subplots(1, len(kinds) or 1, sharex=True, sharey=True, squeeze=False)[0]
    styles = _styles(results)
    for panel, kind in zip(panels, kinds or [""], strict=True):
        for result in results:
            _sweep(panel, result["sweep"].get(kind) or [], color(styles.groups.index(result["group"])))
            _bank(panel, result, styles)
        _law(panel)
        panel.set(title=RELABELLED.get(kind, "no sweep: banks as filled"), xlabel=r"measured $\rho_F$")
    panels[0].set_ylabel(r"$E\|g_F\| \,/\, E\|g_T\|$")
    for name in ("x", "y"):
        _logarithmic(name, panels)
    explain(figure, _legend(styles))
    footnote(figure, "Large marks: the banks as filled. The axes are logarithmic from their first tick after 0.")
    return {"gradient": figure}


class Styles(NamedTuple):
    """Groups by colour and rules by shape, in order."""

    groups: list[str]
    rules: list[str]

    def mark(self, result: Content, form: str) -> dict[str, Any]:
        """Mark of a bank: filled for Eq. 3, the training loss, hollow for SupCon."""
        shade = color(self.groups.index(result["group"]))
        marker = BANKS[self.rules.index(result["rule"]) % len(BANKS)]
        return {
            "color": shade,
            "marker": marker,
            "markerfacecolor": shade if form == "eq3" else "white",
            "markersize": 9,
        }


def _styles(results: Sequence[Content]) -> Styles:
    return Styles(*(list(dict.fromkeys(result[key] for result in results)) for key in ("group", "rule")))


def _sweep(panel: Axes, points: Sequence[Content], shade: str) -> None:
    """Both forms of the loss over one sweep; its clean end, at 0 in both, has no place on a logarithmic curve."""
    # ρ_F is a count, the same for both forms.
    rho_f = numbers(point["result"]["supcon"]["overall"]["rho_f"] for point in points)
    for form, style in FORMS.items():
        ratio = numbers(point["result"][form]["overall"]["ratio"] for point in points)
        panel.plot(rho_f[rho_f > 0], ratio[rho_f > 0], color=shade, **style)


def _bank(panel: Axes, result: Content, styles: Styles) -> None:
    """The bank of one rule, in both forms of the loss."""
    forms = result["gradient"]
    for form in FORMS:
        x, y = number(forms["supcon"]["overall"]["rho_f"]), number(forms[form]["overall"]["ratio"])
        panel.plot(x, y, clip_on=False, zorder=3, gid=f"bank {form}", **styles.mark(result, form))


def _law(panel: Axes) -> None:
    """The law over the range of the axis."""
    right = max(panel.dataLim.x1 if np.isfinite(panel.dataLim.x1) else 0.0, 0.05)
    rho_f = np.append(0, np.geomspace(LEFT / 100, min(1.05 * right, 0.95), 200))
    panel.plot(rho_f, rho_f / (1 - rho_f), label=LAW, gid="law", **LAW_LINE)


def _logarithmic(name: str, panels: Sequence[Axes]) -> None:
    """Make the axis ``name`` linear from 0, where clean banks lie, to a decade below all values, then logarithmic."""
    drawn = [line for panel in panels for line in panel.lines if line.get_gid() != "law"]
    values = np.concatenate([line.get_xdata() if name == "x" else line.get_ydata() for line in drawn])
    positive = values[values > 0]
    low = min(LEFT, 10.0 ** np.floor(np.log10(positive.min()))) if len(positive) else LEFT
    high = max(positive.max() if len(positive) else 0.0, 0.05)
    ticks = [0.0, *(10.0**power for power in range(round(np.log10(low)), int(np.ceil(np.log10(high))) + 1))]
    for panel in panels:
        getattr(panel, f"set_{name}scale")("symlog", linthresh=low, linscale=0.5)
        getattr(panel, f"set_{name}lim")(0, 1.3 * high)
    axis = panels[0].xaxis if name == "x" else panels[0].yaxis
    axis.set_major_locator(FixedLocator([tick for tick in ticks if tick <= 1.3 * high]))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _legend(styles: Styles) -> list[Line2D]:
    banks = [
        Line2D(
            [], [], color="0.3", linestyle="", marker=marker, markersize=7, label=f"bank by rule {rule}, hollow: SupCon"
        )
        for rule, marker in zip(styles.rules, itertools.cycle(BANKS), strict=False)
    ]
    groups = [Line2D([], [], color=color(k), linewidth=3, label=wrap(name)) for k, name in enumerate(styles.groups)]
    return [
        *(Line2D([], [], color="0.3", label=NAMES[form], **style) for form, style in FORMS.items()),
        Line2D([], [], label=LAW, **LAW_LINE),
        *banks,
        *groups,
    ]
