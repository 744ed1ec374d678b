"""Detectable difference over the number of seeds, power over the difference, and best epochs with their optimism."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from pixcon_diag.statistics.power import detectable, paired_power
from pixcon_figures.palette import BLUE, ORANGE, color, ink, line
from pixcon_figures.saved import Content, number, numbers, rounded, wrap
from pixcon_figures.style import WIDE, explain, explain_panel, footnote, new_figure

FEWEST = 3
"""Seeds at the left end of the axis: two find hardly anything."""
MOST = 30
"""Seeds at its right end, if no question is about more."""
TICKS = (3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100, 200, 500, 1000)
DIFFERENCES = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)
ROW = 0.17
"""Height of a run's line, in inches."""


def draw(content: Content, folder: Path) -> dict[str, Figure]:
    """``power``: a curve for each standard deviation of the best epoch, with the user's number of seeds marked.

    ``power-epochs``: the scores of each run, if some run has several.
    """
    noise = content["seed_noise"]
    sources = [source for source in noise["sources"] if source["score"] in ("best", None)]
    figure = new_figure(WIDE, 3.0)
    left, right = figure.subplots(1, 2)
    _detectable(left, sources, content)
    _power(right, sources[0], content)
    several = any(run["evaluations"] > 1 for run in noise["runs"])
    own = " Dot: your seeds." if any(source["own"] for source in sources) else ""
    footnote(figure, f"Paired t-test, two-sided {content['alpha']:g}. Band: 95 % interval of the SD.{own}")
    return {"power": figure, **({"power-epochs": _epochs(noise["runs"])} if several else {})}


def _detectable(panel: Axes, sources: Sequence[Content], content: Content) -> None:
    """Curve and band of each source."""
    most = max([MOST, *content["seeds"], *(source["own"]["seeds"] for source in sources if source["own"])])
    seeds = np.unique(np.geomspace(FEWEST, most, 60).round().astype(int))
    for index, source in enumerate(sources):
        label = f"{wrap(source['name'])}, SD {rounded(100 * source['sd'], 2)}"
        panel.plot(seeds, _curve(source["sd"], seeds, content["power"]), label=label, **line(index))
        if source["freedom"] is not None:
            low, high = (_curve(source["interval"][end], seeds, content["power"]) for end in ("low", "high"))
            panel.fill_between(seeds, low, high, color=color(index), alpha=0.12, linewidth=0)
        if source["own"]:
            panel.plot(source["own"]["seeds"], 100 * source["own"]["difference"], "o", color=color(index))
    highest = max(float(_curve(source["sd"], [FEWEST], content["power"])[0]) for source in sources)
    lowest = min(float(_curve(source["sd"], [most], content["power"])[0]) for source in sources)
    panel.set(
        xscale="log",
        yscale="log",
        xlabel="seeds per method",
        ylabel=f"difference found with\nprobability {content['power']:g} (points)",
    )
    panel.set_ylim(lowest / 1.6, 1.6 * highest)
    _plain_ticks(panel, "x", [tick for tick in TICKS if tick <= most])
    _plain_ticks(panel, "y", DIFFERENCES)
    explain_panel(panel, WIDE / 2)


def _curve(sd: float, seeds: Sequence[int] | np.ndarray, power: float) -> np.ndarray:
    """Detectable differences in points."""
    return np.array([100 * detectable(number(sd), int(count), power=power) for count in seeds])


def _plain_ticks(panel: Axes, name: str, ticks: Sequence[float]) -> None:
    axis = panel.xaxis if name == "x" else panel.yaxis
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _power(panel: Axes, source: Content, content: Content) -> None:
    """Power over the true difference for each number of seeds, with the first source's standard deviation."""
    own = source["own"]["seeds"] if source["own"] else None
    counts = sorted({*content["seeds"], *([own] if own else [])})
    sd = 100 * source["sd"]
    effects = np.linspace(0, max(3 * sd, 1.2 * max(100 * effect for effect in content["effects"])), 80)
    for index, seeds in enumerate(counts):
        label = f"{seeds} seeds" + (" (yours)" if seeds == own else "")
        powers = [paired_power(effect, sd, seeds) for effect in effects]
        panel.plot(effects, powers, label=label, **line(index) | ({"linewidth": 2} if seeds == own else {}))
    panel.axhline(content["power"], color=ink(), linewidth=0.6, linestyle=":")
    panel.set(ylabel="power", ylim=(0, 1.02), xlim=(0, effects[-1]))
    panel.set_xlabel(f"true difference (points); {wrap(source['name'])}, SD of Δ {rounded(sd, 2)}")
    explain_panel(panel, WIDE / 2)


def _epochs(runs: Sequence[Content]) -> Figure:
    """Scores of each run; the bar below the best epoch has the length of its optimism."""
    names = [wrap(run["name"], 40) for run in runs]
    figure = new_figure(WIDE, 1.1 + ROW * len(runs) * max(name.count("\n") + 1 for name in names))
    panel = figure.subplots()
    places = np.arange(len(runs))
    best = 100 * numbers(run["best"] for run in runs)
    optimism = 100 * numbers(run["noise"]["optimism"] for run in runs)
    panel.hlines(places, best - optimism, best, color=ORANGE, linewidth=3, alpha=0.6, label="optimism, at most")
    for key, marker, label in (("best", "o", "best"), ("last_five", "D", "mean of last five"), ("last", "|", "last")):
        fill: Literal["full", "none"] = "full" if key == "best" else "none"
        panel.plot(100 * numbers(run[key] for run in runs), places, marker, color=BLUE, label=label, fillstyle=fill)
    panel.set_yticks(places, names)
    panel.set_ylim(len(runs) - 0.4, -0.6)
    panel.set_xlabel("mIoU (%)")
    panel.grid(axis="y", visible=False)
    explain(figure, panel.get_legend_handles_labels()[0])
    if np.isnan(optimism).any():
        footnote(figure, "No bar: too few evaluations, or too slow a fluctuation, for the optimism.")
    return figure
