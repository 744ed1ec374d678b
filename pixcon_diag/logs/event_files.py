"""The scalars of TensorBoard event files, of which a resumed run has several and a folder may hold several runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pixcon_diag.logs.event_records import read_events

EVENTS = "events.out.tfevents.*"

Series = dict[int, tuple[int, float]]
"""A curve by step: the write order of the value, and the value."""


@dataclass(frozen=True)
class Curves:
    """The scalars of one run."""

    by_tag: dict[str, Series]
    """Tags in the order in which they first appear."""
    earlier: tuple[Path, ...] = ()
    """Files of earlier runs, left out."""


def read_curves(files: Sequence[Path]) -> Curves:
    """Every scalar of the last run in ``files``, which are in the order of writing.

    A file in which every curve of the previous run starts over is a new run. Otherwise it continues that run and
    supersedes what follows: in each curve, the values from the file's first step on; in all curves, the values from
    the step at which the file states that it resumes, as in TensorBoard.

    Raises:
        DataError: a file cannot be read or is damaged.
    """
    curves: dict[str, Series] = {}
    earlier, current = list[Path](), list[Path]()
    order = 0
    for file in files:
        written: dict[str, Series] = {}
        for event in read_events(file):
            if event.starts:
                curves, written = _before(curves, event.step), _before(written, event.step)
            for tag, number in event.scalars:
                written.setdefault(tag, {})[event.step] = (order, number)
                order += 1
        if _starts_over(curves, written):
            curves, earlier, current = {}, [*earlier, *current], []
        for tag, series in written.items():
            curves[tag] = {step: value for step, value in curves.get(tag, {}).items() if step < min(series)} | series
        current += [file] if written else []
    return Curves(curves, tuple(earlier))


def _before(curves: Mapping[str, Series], step: int) -> dict[str, Series]:
    """The curves before ``step``; curves that begin later are left out."""
    cut = {tag: {s: value for s, value in series.items() if s < step} for tag, series in curves.items()}
    return {tag: series for tag, series in cut.items() if series}


def _starts_over(curves: Mapping[str, Series], written: Mapping[str, Series]) -> bool:
    """Whether all curves in ``written`` that already exist start over at their first step.

    A constant, written once at every start, does not count as a curve.
    """
    shared = [tag for tag in written if len(curves.get(tag, {})) > 1]
    return bool(shared) and all(min(written[tag]) <= min(curves[tag]) for tag in shared)
