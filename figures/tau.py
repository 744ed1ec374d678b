"""The threshold with a guarantee: ρ_F and retained correct pixels per wrong one over τ."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pixcon_figures.contamination import threshold_axis
from pixcon_figures.palette import BLACK, line
from pixcon_figures.saved import Content, by_group, legend_name, numbers
from pixcon_figures.style import WIDE, new_figure


def draw(content: Content, folder: Path) -> dict[str, Figure]:
    """``tau``: every checkpoint's curves; a dot at the promised τ, a ring at that with most correct per wrong."""
    figure = new_figure(WIDE, 4.2)
    upper, lower = figure.subplots(2, 1, sharex=True)
    for index, (name, members) in enumerate(by_group(content["results"]).items()):
        for seed, result in enumerate(members):
            label = legend_name(name, len(members)) if seed == 0 else None
            _curve(upper, result["tau"], "rho_f", 100, index, label)
            _curve(lower, result["tau"], "correct_per_wrong", 1, index, None)
    alpha, delta = content["results"][0]["tau"]["alpha"], content["results"][0]["tau"]["delta"]
    upper.axhline(100 * alpha, color=BLACK, linewidth=0.8, linestyle=":", label=rf"$\alpha$ = {100 * alpha:g} %")
    upper.set(
        ylabel=r"$\rho_F$ (%)",
        title=rf"dot: smallest $\tau$ promised with $\delta$ = {delta:g}; ring: most correct pixels per wrong one",
    )
    upper.set_ylim(bottom=0)
    lower.set(ylabel="correct per wrong")
    if any((drawn.get_ydata() > 0).any() for drawn in lower.lines):  # no axis can be logarithmic without such a value
        lower.set_yscale("log")
    threshold_axis(lower)
    upper.legend(loc="upper right")
    return {"tau": figure}


def _curve(panel: Axes, tau: Content, key: str, factor: int, index: int, label: str | None) -> None:
    """One quantity over 1 − τ, with the chosen thresholds."""
    points = [point for point in tau["curve"] if point["tau"] < 1]
    distance = [1 - point["tau"] for point in points]
    panel.plot(distance, factor * numbers(point[key] for point in points), label=label, **line(index))
    for name, face in (("promised", line(index)["color"]), ("efficient", "white")):
        point = tau[name]
        if point is not None and point["tau"] < 1 and point[key] is not None:
            panel.plot(1 - point["tau"], factor * point[key], "o", color=line(index)["color"], markerfacecolor=face)
