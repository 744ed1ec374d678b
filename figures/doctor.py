"""The error budget: what each kind of error costs, alone with its interval and in turn up to an mIoU of 100 %."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pixcon_diag.findings.summary import KINDS
from pixcon_figures.palette import ink, line
from pixcon_figures.saved import Content, first_of_groups, number, numbers
from pixcon_figures.style import WIDE, new_figure


def draw(content: Content, folder: Path) -> dict[str, Figure]:
    """``doctor``: the first checkpoint of each method; none where there were only logs."""
    firsts = first_of_groups(content["results"])
    if not firsts:
        return {}
    figure = new_figure(WIDE, 2.2 + 0.55 * len(firsts))
    turn, alone = figure.subplots(1, 2, width_ratios=(3, 2))
    _in_turn(turn, firsts)
    _alone(alone, firsts)
    return {"doctor": figure}


def _in_turn(panel: Axes, firsts: list[tuple[str, Content]]) -> None:
    """The mIoU, then the gain of each correction after those before it."""
    places = np.arange(len(firsts))[::-1]
    reached = numbers(result["errors"]["miou"] for _, result in firsts)
    panel.barh(places, 100 * reached, color="0.75", height=0.6, label="mIoU")
    for index, (key, text) in enumerate(KINDS.items()):
        steps = numbers(_kind(result, key)["step"] for _, result in firsts)
        panel.barh(places, 100 * steps, left=100 * reached, color=line(index)["color"], height=0.6, label=text)
        reached = reached + steps
    panel.set(xlim=(0, 100), xlabel="mIoU (%), corrected in turn")
    panel.set_yticks(places, [name for name, _ in firsts])
    panel.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)


def _alone(panel: Axes, firsts: list[tuple[str, Content]]) -> None:
    """The gain of each correction alone, with its interval."""
    height = 0.8 / len(KINDS)
    for place, (_, result) in zip(np.arange(len(firsts))[::-1], firsts, strict=True):
        for index, key in enumerate(KINDS):
            kind = _kind(result, key)
            low, gain, high = (100 * number(kind[name]) for name in ("low", "recovered", "high"))
            at = place + 0.4 - height * (index + 0.5)
            panel.barh(at, gain, color=line(index)["color"], height=0.9 * height)
            panel.plot([low, high], [at, at], color=ink(), linewidth=0.8)
    panel.set_xlabel("mIoU gained alone (points)")
    panel.set_ylim(-0.5, len(firsts) - 0.5)
    panel.set_yticks([])


def _kind(result: Content, key: str) -> Content:
    kind: Content = next(kind for kind in result["errors"]["categories"] if kind["name"] == key)
    return kind
