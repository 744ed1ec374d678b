"""Pixels of each class that the rule admits to the bank, and classes without any (Sec. 3.2, G.3)."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pixcon_figures.palette import STARVED, color, ink, marker
from pixcon_figures.saved import Content, by_group, legend_name, numbers, wrap
from pixcon_figures.style import LETTER, WIDE, explain, new_figure

MOST_NAMES = 50
"""Most classes named on the axis; the CSV names all."""
FLOOR = 0.6
"""Bottom of the logarithmic axis, so that a single pixel shows."""
HIGHEST = 6.0
"""Height of the figure, in inches."""
ALL = "all"
"""Name of a replay that is the same for every method."""
FEW = 2
"""Most methods whose classes at capacity are counted above a panel."""
SPREAD = 0.25
"""Offset of the outermost method from the place of its class."""


class Replay(NamedTuple):
    """What the replay of one rule found with a method's first checkpoint."""

    method: int
    """Its number, by which it has a colour and a shape."""
    name: str
    result: Content


def draw(content: Content, folder: Path) -> dict[str, Figure]:
    """``coverage``: a panel per rule; of each method the eligible pixels of each class, and the entries in the bank.

    Starved classes carry a cross, hollow if no image contains the class. A stored bank is marked in the panel of the
    rule that filled it.
    """
    rules, methods = _by_rule(content["results"]), len(by_group(content["results"]))
    figure = new_figure(WIDE, min(HIGHEST, 1.1 + 1.5 * len(rules)))
    panels = list(figure.subplots(len(rules), 1, sharex=True, sharey=True, squeeze=False)[:, 0])
    for panel, (rule, replays) in zip(panels, rules.items(), strict=True):
        for replay in replays:
            _points(panel, replay, methods)
            _starved(panel, replay, methods)
        _scale(panel, replays[0].result["coverage"]["bank_size"])
        panel.set(ylabel="pixels")
        panel.set_title(wrap(f"rule {rule}: {'; '.join(_summaries(replays))}", int(0.85 * WIDE / LETTER)), loc="left")
    _class_axis(panels[-1], content["results"][0]["classes"])
    explain(figure, list(_legend(rules, panels)))
    return {"coverage": figure}


def _by_rule(results: Sequence[Content]) -> dict[str, list[Replay]]:
    """The replays of the first checkpoint of each method, by rule; equal ones of a rule are drawn once."""
    rules: dict[str, list[Replay]] = {}
    for index, (name, members) in enumerate(by_group(results).items()):
        seeds = len({member["name"] for member in members})
        label = legend_name(name, seeds, "first of ")
        firsts = {member["rule"]: member for member in reversed(members)}
        for rule in dict.fromkeys(member["rule"] for member in members):
            rules.setdefault(rule, []).append(Replay(index, label, firsts[rule]))
    return {rule: _merged(replays) for rule, replays in rules.items()}


def _merged(replays: list[Replay]) -> list[Replay]:
    """One replay for all methods if the rule admits the same pixels whatever the network predicts."""
    first, *others = replays
    alike = all(replay.result["coverage"] == first.result["coverage"] for replay in others)
    stored = any(_stored_here(replay.result) for replay in replays)
    return [first._replace(name=ALL)] if others and alike and not stored else replays


def _stored_here(result: Content) -> bool:
    """Whether the checkpoint holds a bank that this rule filled."""
    return bool(result["stored_bank"]) and result["trained_rule"] == result["rule"]


def _points(panel: Axes, replay: Replay, methods: int) -> None:
    """Eligible pixels as hollow marks, entries as filled ones; the bank's own entries as a bar."""
    coverage = replay.result["coverage"]
    places = np.arange(len(coverage["classes"]["fill"])) + _offset(replay, methods)
    size = 4 if len(places) <= MOST_NAMES else 2.5
    shade = "0.4" if replay.name == ALL else color(replay.method)
    for key, face in (("eligible", "white"), ("fill", shade)):
        values = numbers(coverage["classes"][key])
        panel.plot(
            places, np.where(values > 0, values, np.nan), marker(replay.method), color=shade,
            markerfacecolor=face, markersize=size, markeredgewidth=0.8, gid=key,
        )  # fmt: skip
    if _stored_here(replay.result):
        fill = numbers(replay.result["stored_bank"]["fill"])
        panel.plot(places, np.where(fill > 0, fill, np.nan), "_", color=ink(), markersize=9, gid="stored")


def _offset(replay: Replay, methods: int) -> float:
    """Distance of a method's marks from the place of their class."""
    return 0.0 if methods == 1 or replay.name == ALL else SPREAD * (2 * replay.method / (methods - 1) - 1)


def _starved(panel: Axes, replay: Replay, methods: int) -> None:
    coverage = replay.result["coverage"]
    absent = set(coverage["absent"])
    kinds = {"starved class": ("X", STARVED), "starved, and in no image": ("X", "white")}
    for (label, (mark, face)), members in zip(
        kinds.items(), ([k for k in coverage["starved"] if k not in absent], sorted(absent)), strict=True
    ):
        if members:
            heights = np.full(len(members), 1.2 * FLOOR)
            places = np.array(members) + _offset(replay, methods)
            panel.plot(
                places, heights, mark, color=STARVED, markerfacecolor=face, markersize=5, clip_on=False, label=label
            )


def _scale(panel: Axes, capacity: int) -> None:
    panel.axhline(capacity, color=ink(), linewidth=0.6, linestyle=":", label=f"capacity $N$ = {capacity}")
    panel.set_yscale("log")
    panel.set_ylim(bottom=FLOOR)
    panel.grid(axis="x", visible=False)


def _summaries(replays: Sequence[Replay]) -> Iterator[str]:
    """Classes reached and ρ_F of the bank, of each method; shorter for many methods."""
    for replay in replays:
        coverage, total = replay.result["coverage"], len(replay.result["classes"])
        filled = f"{coverage['with_entry']} of {total} classes"
        if len(replays) <= FEW:
            filled += f" with an entry, {coverage['at_capacity']} at capacity"
        wrong = replay.result.get("bank", {}).get("rho_f")  # a metric alone gives no bank
        rate = "" if wrong is None else rf", $\rho_F$ {100 * wrong:.2f} %"
        yield f"{replay.name}: {filled}{rate}"


def _legend(rules: dict[str, list[Replay]], panels: Sequence[Axes]) -> Iterator[Artist]:
    """Methods by colour and shape, the kinds of marks, and what the panels label themselves."""
    replays = [replay for shown in rules.values() for replay in shown]
    for index, name in sorted({(replay.method, replay.name) for replay in replays if replay.name != ALL}):
        yield Line2D([], [], linestyle="", marker=marker(index), color=color(index), label=name)
    kinds = (("eligible pixels (hollow)", "white"), ("entries in the bank (filled)", "0.4"))
    for label, face in kinds:
        yield Line2D([], [], linestyle="", marker="o", color="0.4", markerfacecolor=face, label=label)
    if any(_stored_here(replay.result) for replay in replays):
        yield Line2D([], [], linestyle="", marker="_", color=ink(), markersize=9, label="entries in the stored bank")
    yield from {
        label: handle for p in panels for handle, label in zip(*p.get_legend_handles_labels(), strict=True)
    }.values()


def _class_axis(panel: Axes, classes: list[str]) -> None:
    panel.set_xlim(-0.7, len(classes) - 0.3)
    if len(classes) > MOST_NAMES:
        panel.set_xlabel(f"class index ({len(classes)} classes)")
        return
    panel.set_xticks(range(len(classes)), classes, rotation=45, ha="right", rotation_mode="anchor")
