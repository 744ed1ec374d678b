"""A duel: which of two methods is better, from labels for a few of the regions on which they disagree."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from pixcon_diag.analyses.deltas import delta_column, delta_note
from pixcon_diag.analyses.duel_draws import Draw, Pair, Scored, locate, questions, score, sheet_id
from pixcon_diag.groups.methods import Methods
from pixcon_diag.measures.disagreement import Disagreement, largest_pairs
from pixcon_diag.passes.predicted_maps import PredictedMaps
from pixcon_diag.sheets.answers import number_of, read_answers, require_known
from pixcon_diag.sheets.page import Sheet, render
from pixcon_diag.statistics.intervals import Interval
from pixcon_diag.statistics.sampling import drawn_pixels
from pixcon_diag.statistics.sequences import mean_sequence
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Column, Table
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.files import write_text

LEVEL = 0.95
SHEET = "duel_sheet.html"
MOST_DRAWS = 10_000
"""More labels than anyone gives: larger numbers in a file of answers are unknown questions."""
PAIRS = 12
"""Class pairs listed."""

EXPLANATION = (
    "Two predictions of these photographs disagree. For each outlined region, choose the class that is right, or "
    "neither. If the region holds both, or one of them in part only, choose mixed; then the pixel at the circle's "
    "centre is asked. Choose neither where nobody could tell. Which class is called A is decided by chance for each "
    "region."
)
ASSUMPTIONS = (
    "All pixels of the images are counted, without masks. A pixel that a mask would leave void is to be answered "
    "`neither`: both predictions count as wrong there, so Δ is the difference of accuracies over valid pixels times "
    "their share.",
    "The interval holds for these images after every label at once, so labelling may stop at any time. It does not "
    "contain what other images or other seeds would give (`compare`).",
)


@dataclass(frozen=True)
class Labelled:
    """The estimate from the answered draws, in their order; at least one."""

    pair: Pair
    names: tuple[str, str]
    """Of the baseline and of the method."""
    share: float
    """Disagreeing pixels as a share of all."""
    scored: Sequence[Scored]

    @cached_property
    def deltas(self) -> np.ndarray:
        """Δ accuracy after each draw, (n,)."""
        scores = np.array([one.score for one in self.scored])
        return self.share * np.cumsum(scores) / np.arange(1, len(scores) + 1)

    @cached_property
    def ends(self) -> np.ndarray:
        """Ends of its interval after each draw, (n, 2)."""
        sequence = mean_sequence(np.array([one.score for one in self.scored]), (-1.0, 1.0), LEVEL)
        return self.share * np.stack((sequence.low, sequence.high), axis=1)

    @property
    def interval(self) -> Interval:
        """The interval after the last draw."""
        low, high = self.ends[-1]
        return Interval(float(low), float(high), LEVEL)

    @property
    def labels(self) -> int:
        """Answers given: draws of a component answered before need none."""
        return sum(one.asked for one in self.scored)

    @property
    def better(self) -> str | None:
        """The method that is better; None where the interval contains 0."""
        if self.interval.contains(0):
            return None
        return self.names[1] if self.interval.low > 0 else self.names[0]

    @property
    def stopped(self) -> int | None:
        """The first draw after which the interval excludes 0."""
        decided = np.flatnonzero((self.ends[:, 0] > 0) | (self.ends[:, 1] < 0))
        return int(decided[0]) + 1 if len(decided) else None

    @property
    def conclusion(self) -> str:
        """What follows, in a sentence."""
        low, high = (f"{100 * end:+.2f}".replace("-", "−") for end in self.ends[-1])
        delta = f"{100 * self.deltas[-1]:+.2f}".replace("-", "−")
        found = f"Δ accuracy = {delta} points, {LEVEL:.0%} interval {low} … {high}, valid at any time"
        after = f"after {self.labels} labels ({len(self.scored)} draws)"
        if self.better is None:
            return f"Undecided {after}: {found}."
        labels = sum(one.asked for one in self.scored[: self.stopped])
        return f"{self.better} is better, decided after {labels} labels ({self.stopped} draws); {after}: {found}."

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready content, with every answer and the estimate after it."""
        return {
            "delta": self.deltas[-1],
            "interval": asdict(self.interval),
            "draws": len(self.scored),
            "labels": self.labels,
            "better": self.better,
            "stopped": self.stopped,
            "conclusion": self.conclusion,
            "answers": [
                {**asdict(one.draw), "answer": one.answer, "mixed": one.mixed, "asked": one.asked, "delta": delta,
                 "low": low, "high": high}
                for one, delta, (low, high) in zip(self.scored, self.deltas, self.ends, strict=True)
            ],
        }  # fmt: skip


@dataclass(frozen=True)
class Duel:
    """The disagreement of a method with the baseline, and what labels say of it."""

    pair: Pair
    names: tuple[str, str]
    counted: Disagreement
    labelled: Labelled | None = None
    sheet: dict[str, Any] | None = None
    """Of the sheet written: id, seed, file and draws."""

    def record(self) -> dict[str, Any]:
        """Its entry in JSON."""
        classes = self.pair.first.data.spec.classes
        return {
            "baseline": self.names[0],
            "method": self.names[1],
            "provenance": [asdict(member.provenance) for member in self.pair],
            "images": len(self.counted.pixels),
            "pixels": int(self.counted.pixels.sum()),
            "disagreeing": int(self.counted.disagreeing.sum()),
            "share": self.counted.share,
            "pairs": [
                {"baseline": classes[first], "method": classes[second], "pixels": pixels}
                for first, second, pixels in largest_pairs(self.counted.pairs, PAIRS)
            ],
            "sheet": self.sheet,
            "labelled": None if self.labelled is None else self.labelled.to_dict(),
        }


def result_of(
    methods: Methods,
    *,
    folder: str | Path | None = None,
    answers: Sequence[str | Path] = (),
    count: int = 100,
    unlabeled: Path | None = None,
) -> Result:
    """The disagreement of each method with the baseline, and for two methods a sheet and the estimate from answers.

    Args:
        methods: the first member of each is taken.
        folder: where the sheet is written; None writes none.
        answers: CSV files that sheets saved.
        count: draws on the sheet.
        unlabeled: list of images, with or without masks, to compare on; None: the list with masks that the study
            measures.

    Raises:
        ConfigError: fewer than two methods, or a sheet or answers for more than two.
        DataError: answers that do not belong to these predictions, or that are damaged.
    """
    (baseline, first), *others = _measured(methods) if unlabeled is None else methods.predicted(unlabeled)
    pairs = {name: Pair(first, other) for name, other in others}
    if len(pairs) > 1 and (folder is not None or answers):
        raise ConfigError(
            f"A sheet compares two methods, got {len(pairs) + 1}: {baseline}, {', '.join(pairs)}. Name the two."
        )
    duels = []
    for name, pair in pairs.items():
        with methods.bar(f"comparing {baseline} with {name}") as progress:
            duels.append(Duel(pair, (baseline, name), pair.disagreement(progress)))
    if folder is not None or answers:
        where = None if folder is None else Path(folder)
        duels = [_labelled(duels[0], methods, where, [Path(path) for path in answers], count)]
    return duel_result(duels)


def _measured(methods: Methods) -> list[tuple[str, PredictedMaps]]:
    """The first member of each method on the list that the study measures; the baseline first."""
    methods.require_comparable(2)
    return [(group.name, group.members[0]) for group in methods.measured()]


def _labelled(duel: Duel, methods: Methods, folder: Path | None, answers: Sequence[Path], count: int) -> Duel:
    """The duel with the estimate from its answers, and with the next sheet while they leave it undecided."""
    seed = methods.options.seed
    sheet = sheet_id(duel.pair, duel.counted, seed)
    given = read_answers(answers, sheet, mixed=True)
    require_known(given, lambda name: 0 < number_of(name) <= MOST_DRAWS, "the number of a draw")
    answered = max(map(int, given), default=0)
    with methods.bar("locating the draws") as progress:
        draws = locate(duel.pair, drawn_pixels(duel.counted.disagreeing, answered + count, seed), progress)
    scored = score(draws, given, sheet)
    labelled = Labelled(duel.pair, duel.names, duel.counted.share, scored) if scored else None
    written = None
    if folder is not None and draws and (labelled is None or labelled.better is None):
        written = _write_sheet(duel, methods, folder, draws[len(scored) : len(scored) + count], scored, sheet)
    return Duel(duel.pair, duel.names, duel.counted, labelled, written)


def _write_sheet(
    duel: Duel, methods: Methods, folder: Path, draws: Sequence[Draw], scored: Sequence[Scored], sheet: str
) -> dict[str, Any]:
    """Write the next draws as a sheet, without those whose component is answered; what the JSON says of it."""
    uniform = {one.draw.component for one in scored if not one.mixed}
    open_draws = [draw for draw in draws if draw.component not in uniform]
    with methods.bar("writing the sheet") as progress:
        asked = questions(duel.pair, open_draws, progress)
    first = len(scored) + 1
    page = Sheet(
        id=sheet,
        title="Which prediction is right?",
        explanation=EXPLANATION,
        questions=asked,
        mixed=True,
        answers_file="duel_answers.csv" if first == 1 else f"duel_answers_{first}.csv",
    )
    write_text(folder / SHEET, render(page))
    methods.notify(f"wrote {SHEET} in {folder}: {len(asked)} questions; open it in a browser and save its answers.")
    return {
        "id": sheet, "seed": methods.options.seed, "file": SHEET, "answers_file": page.answers_file,
        "draws": [asdict(draw) for draw in draws],
    }  # fmt: skip


def duel_result(duels: Sequence[Duel]) -> Result:
    """Tables of the disagreements, and of the labels where there are some."""
    labelled = [duel.labelled for duel in duels if duel.labelled is not None]
    return Result.of(
        "duel",
        [disagreement_table(duels), *map(labels_table, labelled)],
        [pairs_table(duels)],
        duels=[duel.record() for duel in duels],
        conclusions=[one.conclusion for one in labelled],
    )


def disagreement_table(duels: Sequence[Duel]) -> Table:
    """A row for each method compared with the baseline."""
    seeds = ", ".join(dict.fromkeys(member.name for duel in duels for member in duel.pair))
    return Table.of(
        "duel",
        "Disagreement of the predictions",
        duels,
        (
            Column("baseline", "baseline", of=lambda duel: duel.names[0]),
            Column("method", "method", of=lambda duel: duel.names[1]),
            Column("images", "images", "count", of=lambda duel: len(duel.counted.pixels)),
            Column("disagreeing", "disagreeing px", "count", of=lambda duel: int(duel.counted.disagreeing.sum())),
            Column("share", "share %", "per_cent", of=lambda duel: duel.counted.share),
        ),
        (
            "The accuracies differ by at most the share of disagreeing pixels, whatever the labels are.",
            f"The first checkpoint of each method: {seeds}.",
        ),
        lambda duel: {"pixels": int(duel.counted.pixels.sum())},
    )


def labels_table(labelled: Labelled) -> Table:
    """A row for each label, with the estimate after it."""
    classes = labelled.pair.first.data.spec.classes
    rows = [
        (one, delta, interval)
        for one, delta, interval in zip(labelled.scored, labelled.deltas, labelled.ends, strict=True)
        if one.asked
    ]
    return Table.of(
        "duel_labels",
        "Δ accuracy after each label",
        rows,
        (
            Column("draw", "draw", "count", of=lambda row: row[0].draw.number),
            Column("image", "image", of=lambda row: Path(row[0].draw.name).stem),
            Column("size", "px", "count", of=lambda row: row[0].draw.size),
            Column("right", "right", of=lambda row: _right(row[0], labelled.names)),
            delta_column("delta", higher_is_better=True, of=lambda row: row[1]),
            Column("low", "from", "points", over="95 %", of=lambda row: row[2][0]),
            Column("high", "to", "points", over="95 %", of=lambda row: row[2][1]),
        ),
        (labelled.conclusion, delta_note(*labelled.names), *ASSUMPTIONS),
        lambda row: {
            "path": row[0].draw.name,
            "baseline_class": classes[row[0].draw.first],
            "method_class": classes[row[0].draw.second],
        },
    )


def _right(one: Scored, names: tuple[str, str]) -> str:
    name = {"first": names[0], "second": names[1]}.get(one.answer, "neither")
    return f"mixed: {name}" if one.mixed else name


def pairs_table(duels: Sequence[Duel]) -> Table:
    """The class pairs with the most disagreeing pixels."""
    rows = [
        (duel.names[1], duel.pair.first.data.spec.classes, pair)
        for duel in duels
        for pair in largest_pairs(duel.counted.pairs, PAIRS)
    ]
    return Table.of(
        "duel_pairs",
        "Largest class pairs of the disagreement",
        rows,
        (
            Column("method", "method", of=lambda row: row[0]),
            Column("baseline_class", "class of the baseline", of=lambda row: row[1][row[2][0]]),
            Column("method_class", "class of the method", of=lambda row: row[1][row[2][1]]),
            Column("pixels", "px", "count", of=lambda row: row[2][2]),
        ),
    )
