"""What a look over a data set found, as a table and one line for each finding."""

from rich.console import Console

from pixcon_cli.tables import add_row, per_cent, show, table
from pixcon_diag.passes.data import EvaluationData
from pixcon_train.data.checks import DataReport


def show_report(console: Console, data: EvaluationData, report: DataReport) -> None:
    """Print the pixels of each class, then what is wrong."""
    total = sum(report.pixels) + report.void
    made = table(
        f"{report.dataset}: {report.pairs} pairs of {data.list_name} under {report.root}", "class", "pixels", "share %"
    )
    for label, pixels in (*zip(data.spec.classes, report.pixels, strict=True), ("(void)", report.void)):
        add_row(made, label, f"{pixels:,}", per_cent(pixels / total if total else None))
    made.caption = f"Masks hold labels as '{report.encoding}'. " + ("Nothing wrong." if report.ok else _count(report))
    show(console, made)
    for finding in report.findings:
        console.print(f"- {finding.message}", soft_wrap=True, markup=False)


def _count(report: DataReport) -> str:
    return f"{len(report.findings)} thing(s) wrong:"
