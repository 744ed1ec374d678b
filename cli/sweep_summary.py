"""The files sweep.json and sweep.csv of a sweep's folder, which all commands that train a share of its runs write."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pixcon_train.core.progress import Notify

if TYPE_CHECKING:  # --help imports no torch
    from pixcon_train.sweeps.grid import Point
    from pixcon_train.sweeps.run_states import RunState

NAME = "sweep"


class SummaryFiles:
    """The summary of all runs in a sweep's folder; no training depends on whether it can be written.

    Runs of another grid that was trained into the same folder stay in it.

    Args:
        points: all runs of the sweep.
        folder: its folder.
        notify: called once with each reason why the summary is not up to date.
    """

    def __init__(self, points: Sequence["Point"], folder: Path, notify: Notify) -> None:
        self._points, self._folder, self._notify = points, folder, notify
        self._told: set[str] = set()

    def write(self, own: Mapping[str, "RunState"]) -> None:
        """Write the states ``own`` of this command's runs, by name, and those of the others as they are now."""
        from pixcon_diag.tables.writing import write_results
        from pixcon_train.core.errors import PixConError
        from pixcon_train.core.locks import exclusive
        from pixcon_train.sweeps.run_states import recorded_runs, runs_of_other_grids, states_with_others, table_row

        try:
            with exclusive(self._folder / f"{NAME}.lock", lambda holder: None, self._tell_once):
                recorded = recorded_runs(self._folder / f"{NAME}.json")
                states = states_with_others(self._points, own, self._folder, recorded)
                others = runs_of_other_grids(recorded, self._points, self._folder)
                runs = [*(state.record() for state in states), *others]
                write_results(self._folder, NAME, {"runs": runs}, {NAME: [*map(table_row, runs)]})
        except (PixConError, OSError) as error:
            self._tell_once(f"note: the summary of the sweep is not up to date, the runs go on: {error}")

    def _tell_once(self, line: str) -> None:
        if line not in self._told:
            self._told.add(line)
            self._notify(line)
