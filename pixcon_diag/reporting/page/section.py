"""A section of the page, and what sections are made of."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from pixcon_diag.groups.methods import Methods
from pixcon_diag.passes.predictions import MeasuredGroup
from pixcon_diag.reporting.command import Command
from pixcon_diag.reporting.page.tables import table_html
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Table

SECTION_OF = {
    "doctor": "errors", "checkpoints": "compared", "contamination": "filter", "estimate": "filter", "tau": "filter",
    "audit-labels": "errors", "qualitative": "images", "per-class": "classes", "boundary": "boundary",
    "geometry": "embedding", "tsne": "embedding", "coverage": "bank", "gradient": "bank", "compare": "differences",
    "power": "differences", "duel": "differences", "dynamics": "training", "landscape": "training",
    "sensitivity": "training",
}  # fmt: skip
"""The section that shows the numbers of a command; ``further`` shows those of all others."""


def section_of(command: str) -> str:
    """The section that shows the numbers of a command."""
    return SECTION_OF.get(command, "further")


@dataclass(frozen=True)
class Section:
    """One section, ready to be placed."""

    name: str
    """Its anchor, the key of its data, and the name under which its script registers."""
    title: str
    about: str
    """The question it answers, as one sentence."""
    body: Markup
    data: Any = None
    """What its script reads, as JSON."""
    images: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    """Files by key and by part; they stand in the page outside the compressed data and are decoded when shown."""
    tables: tuple[Table, ...] = ()
    """Tables that no result has, as the section makes them itself."""


@dataclass(frozen=True)
class Context:
    """What the sections are made from."""

    methods: Methods
    results: Mapping[str, Result]
    """By command, against the study's baseline."""
    by_baseline: Mapping[str, Mapping[str, Result]] = field(default_factory=dict)
    """By baseline and command, of the analyses whose numbers depend on the baseline; the study's own baseline first."""
    images: int | None = None
    """Images shown, 0 for none; None: as many as fit."""
    figures: Sequence[Path] = ()
    """Files of the figures that lie beside the page."""
    command: Command | None = None
    """The command that writes the report."""

    @property
    def measured(self) -> tuple[MeasuredGroup, ...]:
        """The methods with their measured seeds, the baseline first; none where only logs were named."""
        return () if self.methods.only_logs else self.methods.measured()

    def looks(self, names: Iterable[str] = ()) -> dict[str, int]:
        """The look of each method in charts, the same in every section; ``names``: those that are not measured."""
        every = dict.fromkeys((*(group.name for group in self.measured), *names))
        return {name: look for look, name in enumerate(every)}

    def variants(self, make: Callable[[str, Mapping[str, Result]], Markup | None]) -> Markup:
        """What depends on the baseline, for each of them; the page shows the one that is chosen.

        Args:
            make: from a baseline and its results by command to HTML; None where they show nothing.
        """
        made = ((name, make(name, results)) for name, results in self.by_baseline.items())
        shown = [(name, html) for name, html in made if html]
        return Markup("").join(
            Markup('<div class=variant data-baseline="{}"{}>{}</div>').format(
                name, Markup(" hidden") if index else "", html
            )
            for index, (name, html) in enumerate(shown)
        )

    def tables(self, *commands: str) -> Markup:
        """The tables that some commands show, in order; those of a command without a result are absent."""
        results = (self.results.get(command) for command in commands)
        return Markup("").join(table_html(table) for result in results if result for table in result.tables)

    def content(self, command: str) -> dict[str, Any]:
        """The JSON content of a command; empty where it has no result."""
        result = self.results.get(command)
        return {} if result is None else result.content

    def table(self, command: str, name: str) -> Table | None:
        """A table of a command's result by its name, shown or written only; None where there is none."""
        result = self.results.get(command)
        tables = () if result is None else (*result.tables, *result.files)
        return next((table for table in tables if table.name == name), None)


def fold(summary: str, content: Markup) -> Markup:
    """Content that opens on demand; nothing where there is none."""
    return Markup("<details><summary>{}</summary>{}</details>").format(summary, content) if content else Markup("")
