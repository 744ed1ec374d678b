"""Where two methods disagree, and the estimate of their difference after each label."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pixcon_figures.palette import BLUE, color, ink
from pixcon_figures.saved import Content, numbers, wrap
from pixcon_figures.style import WIDE, explain_panel, new_figure


def draw(content: Content, folder: Path) -> dict[str, Figure]:
    """``duel``: the largest class pairs of each disagreement, and below them Δ accuracy where there are labels."""
    duels = content["duels"]
    labelled = [duel for duel in duels if duel["labelled"] is not None]
    rows = [*duels, *labelled]
    figure = new_figure(WIDE, 2.6 * len(rows))
    panels = figure.subplots(len(rows), 1, squeeze=False)[:, 0]
    for index, (panel, duel) in enumerate(zip(panels, duels, strict=False)):
        _pairs(panel, duel, index)
    for panel, duel in zip(panels[len(duels) :], labelled, strict=True):
        _estimate(panel, duel)
    return {"duel": figure}


def _pairs(panel: Axes, duel: Content, index: int) -> None:
    """Share of the disagreeing pixels of each class pair."""
    pairs = duel["pairs"][::-1]
    names = [f"{wrap(pair['baseline'], 40)} | {wrap(pair['method'], 40)}" for pair in pairs]
    panel.barh(names, [100 * pair["pixels"] / duel["disagreeing"] for pair in pairs], color=color(index))
    panel.grid(axis="y", visible=False)
    panel.set_xlabel("share of the disagreeing pixels (%)")
    panel.set_ylabel(wrap(f"class by {duel['baseline']} | {duel['method']}", 40))
    share = 100 * (duel["share"] or 0)
    panel.set_title(wrap(f"{duel['method']} and {duel['baseline']} disagree on {share:.2f} % of the pixels", 110))


def _estimate(panel: Axes, duel: Content) -> None:
    """Δ accuracy and its interval after each draw, and the draw at which it excluded 0."""
    labelled = duel["labelled"]
    answers = labelled["answers"]
    draws = [answer["number"] for answer in answers]
    low, high, delta = (100 * numbers(answer[key] for answer in answers) for key in ("low", "high", "delta"))
    label = f"{labelled['interval']['level']:.0%} interval, valid at any time"
    panel.fill_between(draws, low, high, color=BLUE, alpha=0.2, linewidth=0, label=label)
    panel.plot(draws, delta, color=BLUE, label="estimate")
    panel.axhline(0, color=ink(), linewidth=0.6)
    if labelled["stopped"] is not None:
        panel.axvline(labelled["stopped"], color=ink(), linestyle=":", label=f"{labelled['better']} is better")
    panel.set(xlabel=wrap(f"draws; Δ = {duel['method']} − {duel['baseline']}", 110), ylabel="Δ accuracy (points, ↑)")
    panel.set_xlim(1, max(2, len(draws)))
    explain_panel(panel, WIDE)
