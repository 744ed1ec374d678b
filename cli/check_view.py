"""The report of `check-data`: a table of class shares, and one line per finding."""

from rich.console import Console
from rich.table import Table

from pixcon_cli.tables import add_row, per_cent, show, table
from pixcon_diag.data.set_checks import SetReport
from pixcon_train.data.dataset_check import DataReport
from pixcon_train.data.specs import DatasetSpec


def show_report(console: Console, spec: DatasetSpec, report: SetReport) -> None:
    """Print the share of each class in each list, then the findings."""
    for each, found in report.lists:
        console.print(f"{each.split}: {found.pairs:,} pairs of {each.path}", soft_wrap=True, markup=False)
    show(console, _classes(spec, report))
    console.print(f"Masks hold labels as '{report.encoding}'.", markup=False)
    for note in report.all_notes:
        console.print(f"note: {note}", soft_wrap=True, markup=False)
    count = len(report.all_findings)
    console.print("Nothing wrong." if report.ok else f"{count} {'things are' if count > 1 else 'thing is'} wrong:")
    for finding in report.all_findings:
        console.print(f"- {finding.message}", soft_wrap=True, markup=False)


def _classes(spec: DatasetSpec, report: SetReport) -> Table:
    """For each class and list: its share of the pixels, and the number of masks with it."""
    heads = [head for each, _ in report.lists for head in (f"{each.split} px %", "masks")]
    made = table(f"{report.dataset} under {report.root}", "class", *heads)
    for label, name in enumerate(spec.classes):
        counts = [(_share(found.pixels[label], found), f"{found.masks[label]:,}") for _, found in report.lists]
        add_row(made, name, *(cell for cells in counts for cell in cells))
    add_row(made, "(void)", *(cell for _, found in report.lists for cell in (_share(found.void, found), "")))
    return made


def _share(pixels: int, found: DataReport) -> str:
    total = sum(found.pixels) + found.void
    return per_cent(pixels / total if total else None)
