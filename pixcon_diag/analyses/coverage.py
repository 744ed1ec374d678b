"""Bank coverage as tables: the replay of each rule over the labeled list, its classes, and the stored bank (G.3)."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from pixcon_diag.analyses.measured import identity
from pixcon_diag.analyses.trained_rules import trained_notes
from pixcon_diag.cache.replay import ReplayedPass
from pixcon_diag.groups.methods import Methods
from pixcon_diag.measures.comparison import Quantity
from pixcon_diag.measures.stored_bank import StoredBank
from pixcon_diag.passes.measured import MeasuredGroup
from pixcon_diag.tables.section import Section, section
from pixcon_diag.tables.table import AnyColumn, Cell, Column, Table
from pixcon_train.core.errors import ConfigError
from pixcon_train.method.admission import REPLAYED, RULES, rules_with_tau


def coverage_section(replayed: Sequence[tuple[str, ReplayedPass]], rules: Sequence[str]) -> Section:
    """Coverage of every checkpoint, each with its group's name, under every rule."""
    stored = [each for each in replayed if each[1].stored is not None]
    single = len(replayed) == 1 and len(rules) == 1
    classes = classes_table(replayed, rules)
    tables = [
        summary_table(replayed, rules),
        *([classes] if single else []),
        *([stored_table(stored)] if stored else []),
    ]
    return section(
        "coverage",
        tables,
        [] if single else [classes],
        results=[
            {
                "name": each.name,
                "group": group,
                "provenance": asdict(each.provenance),
                "options": asdict(each.options),
                "classes": each.data.spec.classes,
                "rule": rule,
                "trained_rule": each.trained,
                "coverage": each.coverage(rule).to_dict(),
                "stored_bank": None if each.stored is None else each.stored.to_dict(),
            }
            for group, each in replayed
            for rule in rules
        ],
    )


def summary_table(replayed: Sequence[tuple[str, ReplayedPass]], rules: Sequence[str]) -> Table:
    """A row for each checkpoint and rule."""
    rows: list[tuple[Cell, ...]] = []
    notes = []
    about = []
    for group, each in replayed:
        names = each.data.spec.classes
        for rule in rules:
            result = each.coverage(rule)
            eligible = sum(result.classes.eligible)
            wrong = sum(r * n for r, n in zip(result.classes.rho_f, result.classes.eligible, strict=True) if n)
            counts = (result.images, result.with_entry, result.at_capacity, result.median_eligible, result.min_eligible)
            rows.append((each.name, rule, *counts, wrong / eligible if eligible else float("nan")))
            about.append({"group": group, **identity(each), "starved": " ".join(names[k] for k in result.starved)})
            if result.starved:
                starved = ", ".join(names[k] + (" (in no image)" if k in result.absent else "") for k in result.starved)
                notes.append(f"{each.name}, {rule}: without an entry: {starved}.")
    passes = [each for _, each in replayed]
    said = (*_settings(passes), *trained_notes(passes))
    return Table(
        "coverage",
        "Bank after one pass",
        (
            Column("name", "checkpoint"),
            Column("rule", "rule"),
            Column("images", "images", "count"),
            Column("with_entry", "classes with an entry", "count"),
            Column("at_capacity", "at capacity", "count"),
            Column("median_eligible", "median", "number", 1, over="eligible px"),
            Column("min_eligible", "least", "count", over="eligible px"),
            Column("rho_f", "ρ_F of the eligible", "number"),
        ),
        tuple(rows),
        ("Pixels are those of the feature's resolution.", *said, *notes),
        tuple(about),
    )


def classes_table(replayed: Sequence[tuple[str, ReplayedPass]], rules: Sequence[str]) -> Table:
    """Every class."""
    rows: list[tuple[Cell, ...]] = []
    for _, each in replayed:
        for rule in rules:
            of = each.coverage(rule).classes
            for k, name in enumerate(each.data.spec.classes):
                counts = (
                    of.images[k],
                    of.labeled[k],
                    of.eligible[k],
                    of.admitted[k],
                    of.fill[k],
                    of.images_until_full[k],
                )
                rows.append((each.name, rule, name, *counts, of.rho_f[k]))
    return Table(
        "coverage_classes",
        "Classes",
        (
            Column("name", "checkpoint"),
            Column("rule", "rule"),
            Column("class", "class"),
            Column("images", "images with it", "count"),
            Column("labeled", "labeled px", "count"),
            Column("eligible", "eligible px", "count"),
            Column("admitted", "admitted px", "count"),
            Column("fill", "entries", "count"),
            Column("images_until_full", "images until full", "count"),
            Column("rho_f", "ρ_F of the eligible", "number"),
        ),
        tuple(rows),
    )


def stored_table(replayed: Sequence[tuple[str, ReplayedPass]]) -> Table:
    """The banks that checkpoints carry, class by class; truth and weight where one of them has these."""
    banks = [(each, each.stored) for _, each in replayed if each.stored is not None]
    columns: list[AnyColumn] = [
        Column("name", "checkpoint"),
        Column("class", "class"),
        Column("fill", "entries", "count"),
    ]
    if any(bank.known is not None for _, bank in banks):
        columns += [Column("known", "of known truth", "count"), Column("contamination", "ρ_F", "number")]
    if any(weight < 1 for _, bank in banks for weight in bank.weight):
        columns.append(Column("weight", "mean weight", "number", 3))
    columns.append(Column("staleness", "cosine to the current centroid", "number"))
    records = [record for each, bank in banks for record in _stored_records(each, bank)]
    return Table(
        "coverage_stored",
        "Stored bank",
        tuple(columns),
        tuple(tuple(record[column.key] for column in columns) for record in records),
        tuple(_stored_notes(banks)),
    )


def _stored_records(each: ReplayedPass, bank: StoredBank) -> Iterator[dict[str, Cell]]:
    """Every class of a bank, then all of it."""
    for k, name in enumerate(each.data.spec.classes):
        yield {
            "name": each.name,
            "class": name,
            "fill": bank.fill[k],
            "known": None if bank.known is None else bank.known[k],
            "contamination": bank.contamination[k],
            "weight": bank.weight[k],
            "staleness": bank.staleness[k],
        }
    yield {
        "name": each.name,
        "class": "all",
        "fill": sum(bank.fill),
        "known": None if bank.known is None else sum(bank.known),
        "contamination": bank.overall_contamination,
        "weight": bank.mean_weight,
        "staleness": bank.mean_staleness,
    }


def _stored_notes(banks: Sequence[tuple[ReplayedPass, StoredBank]]) -> Iterator[str]:
    """What the numbers are, and why some are not known."""
    names: dict[str | None, list[str]] = {}
    for each, bank in banks:
        names.setdefault(bank.purity, []).append(each.name)
    if None in names:
        yield "ρ_F: share of the entries of known truth whose true class is not the one they stand under."
    for why, own in names.items():
        if why is not None:
            yield f"Purity: {why}" if len(names) == 1 else f"{', '.join(own)}: purity: {why}"
    yield "Current centroids: of the clean pixels of the replay; – where either is missing."
    unlabeled = [each.name for each, _ in banks if each.trained in RULES and RULES[each.trained].pixels == "unlabeled"]
    if unlabeled:
        yield (
            f"{', '.join(unlabeled)}: entries are of strong views of unlabeled images, in part of other classes, which "
            "keeps the cosine below 1 even where the network stands still."
        )


def _settings(replayed: Sequence[ReplayedPass]) -> list[str]:
    """Which list filled the banks and how; a sentence for each way, with its checkpoints where there are several."""
    names: dict[str, list[str]] = {}
    for each in replayed:
        options = each.options
        way = (
            f"{each.provenance.data.images} images of {each.provenance.data.list_name}, {options.batch_size} a batch; "
            f"at most {options.cap} pixels a class and batch, {options.size} entries a class, τ = {options.tau:g} for "
            f"{rules_with_tau()}."
        )
        names.setdefault(way, []).append(each.name)
    return [way if len(names) == 1 else f"{', '.join(own)}: {way}" for way, own in names.items()]


def section_of(methods: Methods, rules: Sequence[str] = ()) -> Section:
    """Coverage of every checkpoint's bank under each admission rule; all rules where none is named.

    Raises:
        PixConError: no bank can be replayed.
    """
    replayed = [(member.group, result) for member, result in methods.replays()]
    if not replayed:
        raise ConfigError("no bank could be replayed.")
    return coverage_section(replayed, tuple(dict.fromkeys(rules)) or REPLAYED)


def quantities(methods: Methods, group: MeasuredGroup) -> Iterator[Quantity]:
    """Classes in a clean bank, and those whose queue is full.

    Raises:
        ConfigError: a member's bank cannot be replayed.
    """
    results = [replayed.coverage("clean") for replayed in replays_of(methods, group)]
    yield Quantity("classes in a clean bank", "count", True, tuple(float(result.with_entry) for result in results))
    yield Quantity("classes at capacity", "count", True, tuple(float(result.at_capacity) for result in results))


def replays_of(methods: Methods, group: MeasuredGroup) -> list[ReplayedPass]:
    """The replays of the members of ``group``.

    Raises:
        ConfigError: a member's bank cannot be replayed.
    """
    found = [replayed for member, replayed in methods.replays() if member.group == group.name]
    if len(found) < len(group.members):
        raise ConfigError(f"the bank of {group.name} cannot be replayed for every seed.")
    return found
