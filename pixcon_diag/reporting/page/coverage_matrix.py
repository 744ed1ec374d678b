"""The entries of each class in the banks of all rules, as a matrix of numbers and colour."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from markupsafe import Markup

from pixcon_diag.reporting.page.section import fold
from pixcon_diag.statistics.spread import mean

MOST_CLASSES = 40
"""Most classes of a matrix that is not folded."""
DEEPEST = 40
"""Per cent of colour of a full class, on which text stays legible."""
NAMED = 8
"""Most classes that a sentence names."""

Record = Mapping[str, Any]


class Filling(NamedTuple):
    """The banks of a method's seeds that one rule fills, or those stored."""

    group: str
    rule: str
    size: int
    fills: list[list[int]]
    """Of each seed the entries by class."""
    absent: frozenset[int]
    """Classes in no image."""


def coverage_matrix(banks: Sequence[Record]) -> Markup:
    """A row per class, a column per method and rule; nothing without a bank."""
    columns = fillings(banks)
    if not columns:
        return Markup("")
    classes = banks[0]["classes"]
    rows = Markup("").join(_row(name, k, columns) for k, name in enumerate(classes))
    matrix = Markup(
        '<div class="table coverage" data-table="bank_matrix">'
        '<div class=scroll tabindex=0 role=region aria-label="{0}"><table>'
        "<caption>{0}</caption><thead>{1}</thead><tbody>{2}</tbody></table></div></div>"
    ).format(f"Entries of each class, of {columns[0].size} at most", _heads(columns), rows)
    about = Markup("<h3>Coverage</h3><ul>{}</ul><p class=note>{}</p>").format(
        Markup("").join(Markup("<li>{}</li>").format(sentence) for sentence in _sentences(columns, classes)),
        "Entries after one pass over the list, means over seeds; ✕: the class starves, as the rule admits none of its "
        "pixels. stored: the bank in the checkpoint's file.",
    )
    return about + (matrix if len(classes) <= MOST_CLASSES else fold(f"Entries of all {len(classes)} classes", matrix))


def fillings(banks: Sequence[Record]) -> list[Filling]:
    """The columns: each method's rules in order, then the banks stored."""
    columns: dict[tuple[str, str], Filling] = {}
    for group in dict.fromkeys(record["group"] for record in banks):
        own = [record for record in banks if record["group"] == group]
        for record in own:
            coverage = record["coverage"]
            key = (group, record["rule"])
            empty = Filling(*key, coverage["bank_size"], [], frozenset(coverage["absent"]))
            columns.setdefault(key, empty).fills.append([*coverage["classes"]["fill"]])
        for record in {record["name"]: record for record in own}.values():
            if record["stored_bank"]:
                stored = Filling(group, "stored", record["stored_bank"]["size"], [], frozenset())
                columns.setdefault((group, "stored"), stored).fills.append([*record["stored_bank"]["fill"]])
    return [*columns.values()]


def _sentences(columns: Sequence[Filling], classes: Sequence[str]) -> Iterator[str]:
    """Which classes each bank lacks; banks that lack the same in one sentence."""
    lacking: dict[str, dict[str, list[str]]] = {}
    for column in columns:
        empty = [k for k in range(len(classes)) if any(fill[k] == 0 for fill in column.fills)]
        names = ", ".join(classes[k] + (" (in no image)" if k in column.absent else "") for k in empty[:NAMED])
        names += f" and {len(empty) - NAMED} more" if len(empty) > NAMED else ""
        where = " in some seed" if len(column.fills) > 1 else ""
        says = f"{len(empty)} of {len(classes)} classes starve{where}: {names}" if empty else "every class has entries"
        lacking.setdefault(says, {}).setdefault(column.group, []).append(column.rule)
    for says, banks in lacking.items():
        named = "; ".join(f"{group} ({', '.join(rules)})" for group, rules in banks.items())
        yield f"{named}: {says}."


def _heads(columns: Sequence[Filling]) -> Markup:
    groups = [(group, len(list(run))) for group, run in groupby(columns, key=lambda column: column.group)]
    over = Markup("").join(
        Markup("<th colspan={} scope=colgroup class=over>{}</th>").format(width, group) for group, width in groups
    )
    heads = Markup("").join(Markup("<th scope=col class=n>{}</th>").format(column.rule) for column in columns)
    return Markup("<tr><td></td>{}</tr><tr><th scope=col>class</th>{}</tr>").format(over, heads)


def _row(name: str, k: int, columns: Sequence[Filling]) -> Markup:
    cells = Markup("").join(_cell(column, k) for column in columns)
    return Markup("<tr><th scope=row>{}</th>{}</tr>").format(name, cells)


def _cell(column: Filling, k: int) -> Markup:
    """Mean entries over seeds, on a colour that deepens up to the capacity; in words where the class starves."""
    entries = mean([fill[k] for fill in column.fills])
    starved = sum(fill[k] == 0 for fill in column.fills)
    seeds = len(column.fills)
    word, kind = f"{entries:,.0f}", ""
    if k in column.absent and not entries:
        word, kind = "in no image", " soft"
    elif starved:
        word = "✕ 0" if starved == seeds else f"✕ {word} ({starved} of {seeds} seeds)"
        kind = "" if entries else " bad"
    depth = DEEPEST * entries / column.size if column.size else 0
    return Markup('<td class="n{}" data-value="{}" style="--depth: {:.0f}%">{}</td>').format(kind, entries, depth, word)
