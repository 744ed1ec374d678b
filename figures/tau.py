"""The threshold with a guarantee: ρ_F and retained correct pixels per wrong one over τ."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pixcon_figures.contamination import shown_taus, threshold_axis
from pixcon_figures.palette import ink, line
from pixcon_figures.saved import Content, by_group, legend_name, numbers
from pixcon_figures.style import WIDE, explain, footnote, new_figure


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
    upper.axhline(100 * alpha, color=ink(), linewidth=0.8, linestyle=":", label=rf"$\alpha$ = {100 * alpha:g} %")
    upper.set(ylabel=r"$\rho_F$ (%)")
    upper.set_ylim(bottom=0)
    lower.set(ylabel="correct per wrong")
    if any((drawn.get_ydata() > 0).any() for drawn in lower.lines):  # no axis can be logarithmic without such a value
        lower.set_yscale("log")
    points = [point for result in content["results"] for point in result["tau"]["curve"]]
    threshold_axis(lower, shown_taus((point["tau"], point["retention"]) for point in points))
    explain(figure, upper.get_legend_handles_labels()[0])
    footnote(figure, f"Dot: smallest τ promised with δ = {delta:g}. Ring: τ with most correct pixels per wrong one.")
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
