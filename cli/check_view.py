"""The report of `check-data`: a table of class shares, and one line per finding."""

from typing import NamedTuple

from rich.console import Console

from pixcon_cli.console import say
from pixcon_cli.tables import show_tables
from pixcon_diag.data.list_checks import SetReport
from pixcon_diag.statistics.spread import quotient
from pixcon_diag.tables.table import Column, Table
from pixcon_train.data.specs import DatasetSpec


class _Class(NamedTuple):
    """A class, or void, with its counts in each list."""

    name: str
    shares: list[float]
    masks: list[int] | None


def show_report(console: Console, spec: DatasetSpec, report: SetReport) -> None:
    """Print the share of each class in each list, then the findings."""
    for data_list, counts in report.lists:
        say(console, f"{data_list.split}: {counts.pairs:,} pairs of {data_list.path}")
    show_tables(console, [_classes(spec, report)])
    say(console, f"Masks hold labels as '{report.encoding}'.")
    for note in report.all_notes:
        say(console, f"note: {note}")
    count = len(report.all_findings)
    say(console, "Nothing wrong." if report.ok else f"{count} {'things are' if count > 1 else 'thing is'} wrong:")
    for finding in report.all_findings:
        say(console, f"- {finding.message}")


def _classes(spec: DatasetSpec, report: SetReport) -> Table:
    """For each class and list: its share of the pixels, and the number of masks with it."""
    totals = [sum(counts.pixels) + counts.void for _, counts in report.lists]
    pairs = list(zip(totals, (counts for _, counts in report.lists), strict=True))
    rows = [
        _Class(name, [quotient(c.pixels[k], total) for total, c in pairs], [c.masks[k] for _, c in pairs])
        for k, name in enumerate(spec.classes)
    ]
    rows.append(_Class("(void)", [quotient(c.void, total) for total, c in pairs], None))
    columns: list[Column[_Class]] = [Column("class", "class", of=lambda r: r.name)]
    for index, (data_list, _) in enumerate(report.lists):
        columns += _list_columns(data_list.split, index)
    return Table.of("check-data", f"{report.dataset} under {report.root}", rows, columns)


def _list_columns(split: str, index: int) -> list[Column[_Class]]:
    return [
        Column(f"{split}_share", f"{split} px %", "per_cent", of=lambda r: r.shares[index]),
        Column(f"{split}_masks", "masks", "count", of=lambda r: r.masks[index] if r.masks else None),
    ]
