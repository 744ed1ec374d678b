"""Jobs on the screen: a table of all works that is drawn again, or without a terminal a line for each change."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pixcon_cli.console import say, say_command
from pixcon_cli.run_names import without_common_parts
from pixcon_train.core.foreign_text import shown_line

if TYPE_CHECKING:  # --help imports little
    from pixcon_train.jobs.queue import Stage

_ORDER = ("running", "failed", "stopped", "queued", "waiting", "done")
_STYLES = {"running": "bold", "failed": "red", "stopped": "yellow", "done": "green"}
_SHOWN_AS = {"waiting": "queued"}
_OTHER_LINES = 6
"""Lines of the screen that are no rows."""

Cells = Callable[[str], Sequence[str]]
"""Further cells of a work's row, by its name."""


class JobsDisplay:
    """Shows the stages of works; a context manager.

    Args:
        kind: what the works are, in the plural.
        heads: heads of further columns, whose cells ``cells`` gives.
    """

    def __init__(self, console: Console, kind: str, heads: Sequence[str] = (), cells: Cells = lambda name: ()) -> None:
        self._console, self._kind, self._heads, self._cells = console, kind, heads, cells
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
        self._before: dict[str, str] = {}

    def __enter__(self) -> "JobsDisplay":
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *details: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, stages: Mapping[str, "Stage"]) -> None:
        """Draw the table, and print a line for each work whose state is another one."""
        for name, stage in stages.items():
            if stage.state != self._before.get(name) and stage.state != "waiting":
                if self._live is None or stage.message is not None:
                    self._say(name, stage)
                self._before[name] = stage.state
        if self._live is not None:
            self._live.update(self._table(stages), refresh=True)

    def _say(self, name: str, stage: "Stage") -> None:
        job = f" (job {stage.job.id})" if stage.job is not None and stage.going_on else ""
        reason = "" if stage.message is None else f": {stage.message}"
        say(self._console, f"{name}: {stage.state}{job}{reason}")
        if stage.trace is not None:
            say(self._console, stage.trace)

    def _table(self, stages: Mapping[str, "Stage"]) -> Group:
        """The works that run first; as many rows as the screen has lines for."""
        table = Table(box=None, pad_edge=False)
        for number, head in enumerate(("run", "state", *self._heads)):
            table.add_column(head, justify="left" if number < 2 else "right", overflow="ellipsis", no_wrap=True)
        rows = sorted(stages.items(), key=lambda item: _ORDER.index(item[1].state))
        shown, about_names = without_common_parts([*stages])
        room = max(1, self._console.height - _OTHER_LINES - bool(about_names))
        for name, stage in rows[:room]:
            state = Text(_SHOWN_AS.get(stage.state, stage.state), style=_STYLES.get(stage.state, ""))
            table.add_row(shown_line(shown[name]), state, *self._cells(name))
        counts = Counter(_SHOWN_AS.get(stage.state, stage.state) for stage in stages.values())
        parts = ", ".join(f"{count} {state}" for state, count in counts.items())
        left = f"; {len(rows) - room} more rows" if len(rows) > room else ""
        lines = [shown_line(about_names)] * bool(about_names)
        lines.append(f"{len(stages)} {self._kind}: {parts}{left}")
        return Group(table, *(Text(line, overflow="ellipsis", no_wrap=True) for line in lines))


def say_what_goes_on(console: Console, stages: Mapping[str, "Stage"], command: Sequence[str]) -> None:
    """How to watch and cancel the jobs that go on in Slurm, and how to go on."""
    jobs = [stage.job for stage in stages.values() if stage.going_on and stage.job is not None]
    numbers = sorted({job.id.partition("_")[0] for job in jobs}, key=int)
    if not jobs:
        say_command(console, "No job goes on. Go on", command)
        return
    say(console, f"{len(jobs)} jobs go on in Slurm.")
    say_command(console, "Watch them, and submit what is missing", command)
    say_command(console, "What Slurm says", ["squeue", f"--jobs={','.join(numbers)}"])
    say_command(console, "Cancel them", ["scancel", *numbers])
