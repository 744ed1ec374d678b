"""Suspect regions: score over rank, with what a review says of them; and ρ_F before and after the correction."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pixcon_figures.palette import BLUE, GREEN, ORANGE, PINK, VERMILLION, line
from pixcon_figures.saved import Content, number, numbers, wrap
from pixcon_figures.style import NARROW, WIDE, explain_panel, new_figure

FINDINGS = {"label wrong": VERMILLION, "prediction wrong": BLUE, "both wrong": PINK, "ambiguous": ORANGE}
RANKS = 200
"""Regions drawn."""


def draw(content: Content, folder: Path) -> dict[str, Figure]:
    """``audit-labels``: the scores of the first regions; beside them ρ_F and its corrected value where reviewed."""
    results = content["results"]
    reviewed = [result for result in results if result["review"] is not None]
    figure = new_figure(WIDE if reviewed else 1.3 * NARROW, 2.8)
    panels = figure.subplots(1, 2, width_ratios=(2, 1)) if reviewed else [figure.subplots()]
    for index, result in enumerate(results):
        _scores(panels[0], result, index)
    panels[0].set(xlabel="rank", ylabel="score")
    explain_panel(panels[0], (2 / 3 if reviewed else 1) * figure.get_figwidth())
    if reviewed:
        _corrected(panels[1], reviewed)
    return {"audit-labels": figure}


def _scores(panel: Axes, result: Content, index: int) -> None:
    scores = numbers(region["score"] for region in result["regions"][:RANKS])
    panel.plot(range(1, len(scores) + 1), scores, label=wrap(result["name"]), **line(index))
    top = {} if result["review"] is None else result["review"]["top"]
    for finding, mark in FINDINGS.items():
        ranks = [int(rank) for rank, found in top.items() if found == finding and int(rank) <= len(scores)]
        if ranks:
            panel.plot(ranks, scores[[rank - 1 for rank in ranks]], "o", color=mark, label=finding)


def _corrected(panel: Axes, results: list[Content]) -> None:
    """ρ_F with the labels as they are, and corrected with its interval."""
    names = []
    for place, result in enumerate(results):
        review = result["review"]
        corrected = 100 * number(review["corrected_rho_f"])
        low, high = (100 * number(review["interval"][end]) for end in ("low", "high"))
        panel.plot(place, 100 * number(result["rho_f"]), "s", color=BLUE, label=None if place else "labels as they are")
        label = None if place else "corrected"
        panel.errorbar(place, corrected, [[corrected - low], [high - corrected]], fmt="o", color=GREEN, label=label)
        names.append(f"{wrap(result['name'], 16)}\nτ = {result['tau']:g}")
    panel.set_xticks(range(len(names)), names)
    panel.set(ylabel=r"$\rho_F$ (%)", xlim=(-0.6, len(names) - 0.4))
    panel.set_ylim(bottom=0)
    explain_panel(panel, WIDE / 3)
