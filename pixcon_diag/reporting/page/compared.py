"""What was compared: the methods by the user's names, their checkpoints and where the numbers come from."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import NamedTuple

from markupsafe import Markup

from pixcon_diag.passes.predictions import Predictions
from pixcon_diag.reporting.page.section import Context, Section, fold
from pixcon_diag.reporting.page.tables import table_html
from pixcon_diag.tables.table import Column, Table
from pixcon_train.core.yaml_files import flatten


class Compared(NamedTuple):
    """One member of a method."""

    group: str
    member: Predictions


def section(context: Context) -> Section | None:
    """The methods; None where nothing is measured, as of logs alone."""
    members = [Compared(group.name, member) for group in context.measured for member in group.members]
    if not members:
        return None
    shown = context.tables("checkpoints") or table_html(members_table(members))
    origins = Markup("").join(_provenance(compared) for compared in members)
    folded = fold("Provenance: weights, images, options", origins)
    return Section(
        "compared",
        "What was compared",
        "Which checkpoints and images the numbers come from. Every difference is Δ = method − baseline.",
        shown + folded + _left_out(context.methods.left_out),
        {
            "methods": [group.name for group in context.measured],
            "baselines": [name for name, results in context.by_baseline.items() if results],
        },
    )


def members_table(members: Sequence[Compared]) -> Table:
    """A row for each member, of which no checkpoint is known."""
    data = members[0].member.provenance.data
    return Table.of(
        "members",
        "Label maps measured",
        members,
        (
            Column("group", "method"),
            Column("name", "label maps", of=lambda r: r.member.name),
            Column("source", "from", of=lambda r: r.member.provenance.checkpoint.source),
            Column("miou", "mIoU %", "per_cent", of=lambda r: r.member.iou.miou("skip")),
            Column("accuracy", "accuracy %", "per_cent", of=lambda r: r.member.iou.accuracy),
        ),
        (f"{data.images} images of {data.dataset} ({data.list_name}).",),
    )


def _provenance(compared: Compared) -> Markup:
    rows = Markup("").join(
        Markup("<dt>{}</dt><dd>{}</dd>").format(name, text) for name, text in _facts(compared.member)
    )
    return Markup("<h3>{}</h3><dl class=facts>{}</dl>").format(compared.member.name, rows)


def _facts(member: Predictions) -> Iterator[tuple[str, str]]:
    """Every entry of the provenance that has a value, by its dotted name."""
    for name, value in flatten(asdict(member.provenance)).items():
        if value not in (None, (), {}):
            yield name, ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def _left_out(sentences: Sequence[str]) -> Markup:
    """What could not be measured, and why."""
    items = Markup("").join(Markup("<li>{}</li>").format(sentence) for sentence in sentences)
    return Markup("<h3>Left out</h3><ul class=note>{}</ul>").format(items) if sentences else Markup("")
