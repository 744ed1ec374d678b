"""The gradient split as tables: the ratio of both loss forms beside the count law, and the controlled sweep."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import NamedTuple

from pixcon_diag.analyses.gradient_split import MeasuredGradient, measure_gradient, temperature_of
from pixcon_diag.analyses.trained_rules import replayed_rules, trained_notes
from pixcon_diag.cache.replay import ReplayedPass
from pixcon_diag.groups.members import Member
from pixcon_diag.groups.methods import Methods
from pixcon_diag.measures.comparison import Quantity
from pixcon_diag.measures.gradient_result import CLEAN, LAW_TOLERANCE, GradientOptions, GradientResult, SplitRates
from pixcon_diag.passes.predictions import MeasuredGroup, MeasuredPass
from pixcon_diag.tables.names import name_list
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Column, Table
from pixcon_train.core.errors import ConfigError
from pixcon_train.models.architectures import FUSED

FORMS = {"eq3": "Eq. 3", "supcon": "SupCon"}

SPLIT_NOTE = (
    "−η ∂L/∂z of each anchor split by its positives: g_T from true positives, g_F from false ones. The law "
    "ρ_F/(1−ρ_F) assumes equal weight per entry (assumption iii) and ignores cancellation within either part; the "
    "paper reads it as an upper estimate, which holds here where ratio/law is at most 1."
)


class _Split(NamedTuple):
    """The split of a checkpoint against one bank with one form of the loss, over all anchors or those of a class."""

    measured: MeasuredGradient
    rule: str
    form: str
    rates: SplitRates
    label: str = ""
    """The class."""


class _Point(NamedTuple):
    """A point of a checkpoint's sweep."""

    measured: MeasuredGradient
    mode: str
    """How entries are relabelled."""
    fraction: float
    eq3: SplitRates
    supcon: SplitRates


_BANK: tuple[Column[_Split], ...] = (
    Column("name", "checkpoint", of=lambda r: r.measured.name),
    Column("rule", "bank"),
    Column("form", "loss"),
)
_RATES: tuple[Column[_Split], ...] = (
    Column("anchors", "anchors", "count", of=lambda r: r.rates.anchors, minor=True),
    Column("rho_f", "ρ_F of positives", "number", of=lambda r: r.rates.rho_f),
    Column("ratio", "‖g_F‖/‖g_T‖", "number", of=lambda r: r.rates.ratio),
    Column("law", "law", "number", of=lambda r: r.rates.law),
    Column("departure", "ratio/law", "number", 3, of=lambda r: r.rates.departure),
    Column("mass", "mass of P^F", "number", of=lambda r: r.rates.mass, minor=True),
    Column("cosine", "cos(g_F, g_T)", "number", 3, of=lambda r: r.rates.cosine, minor=True),
    Column("deflection", "deflection °", "number", 2, of=lambda r: r.rates.deflection, minor=True),
)


def gradient_result(results: Sequence[MeasuredGradient]) -> Result:
    """The split of every checkpoint and rule, and the sweep."""
    return Result.of(
        "gradient",
        [split_table(results), *([sweep_table(results)] if any(measured.result.sweep for measured in results) else [])],
        [classes_table(results)],
        results=[_record(measured, rule, split) for measured, rule, split in _rules(results)],
    )


def _record(measured: MeasuredGradient, rule: str, split: GradientResult) -> dict[str, object]:
    result, replayed = measured.result, measured.result.replayed
    sweep = {mode: [point.to_dict() for point in points] for mode, points in result.sweep.items()}
    return measured.record(
        bank=asdict(replayed.provenance),
        options=asdict(result.options),
        classes=measured.classes,
        rule=rule,
        trained_rule=replayed.trained,
        tau=replayed.options.tau,
        space=replayed.space,
        gradient=split.to_dict(),
        sweep=sweep if rule == CLEAN else {},
    )


def split_table(results: Sequence[MeasuredGradient]) -> Table:
    """A row for each checkpoint, rule and form of the loss."""
    return Table.of(
        "gradient",
        "Gradient of the anchors by the truth of their positives",
        [
            _Split(measured, rule, label, getattr(split, form).overall)
            for measured, rule, split in _rules(results)
            for form, label in FORMS.items()
        ],
        (*_BANK, *_RATES),
        (
            SPLIT_NOTE,
            *_spaces(results),
            *trained_notes([measured.result.replayed for measured in results]),
            *_departures(results),
        ),
        lambda r: _extra(r.measured),
    )


def sweep_table(results: Sequence[MeasuredGradient]) -> Table:
    """Gradient ratio of the clean bank against the law, as the share of relabelled entries grows."""
    return Table.of(
        "gradient_sweep",
        "Controlled contamination of the clean bank",
        [
            _Point(measured, mode, point.fraction, point.result.eq3.overall, point.result.supcon.overall)
            for measured in results
            for mode, points in measured.result.sweep.items()
            for point in points
        ],
        (
            Column("name", "checkpoint", of=lambda r: r.measured.name),
            Column("way", "relabelled by", of=lambda r: r.mode),
            Column("fraction", "fraction", "number", 2),
            Column("rho_f", "ρ_F", "number", of=lambda r: r.supcon.rho_f),
            Column("law", "law", "number", of=lambda r: r.supcon.law),
            Column("eq3_ratio", "ratio", "number", over="Eq. 3", of=lambda r: r.eq3.ratio),
            Column("eq3_departure", "ratio/law", "number", 3, over="Eq. 3", of=lambda r: r.eq3.departure),
            Column("supcon_ratio", "ratio", "number", over="SupCon", of=lambda r: r.supcon.ratio),
            Column("supcon_departure", "ratio/law", "number", 3, over="SupCon", of=lambda r: r.supcon.departure),
        ),
        _sweep_departures(results),
    )


def classes_table(results: Sequence[MeasuredGradient]) -> Table:
    """A row for each class of the anchors."""
    return Table.of(
        "gradient_classes",
        "Classes",
        [
            _Split(measured, rule, label, rates, name)
            for measured, rule, split in _rules(results)
            for form, label in FORMS.items()
            for name, rates in zip(measured.classes, getattr(split, form).classes, strict=True)
        ],
        (*_BANK, Column("class", "class", of=lambda r: r.label), *_RATES),
    )


def _rules(results: Sequence[MeasuredGradient]) -> Iterator[tuple[MeasuredGradient, str, GradientResult]]:
    """Every checkpoint with each rule and the split against its bank."""
    return ((measured, rule, split) for measured in results for rule, split in measured.result.by_rule.items())


def _extra(measured: MeasuredGradient) -> dict[str, object]:
    replayed, bank = measured.result.replayed, measured.result.replayed.provenance.data
    return {
        **measured.origin,
        "space": replayed.space,
        "bank_list": bank.list_name,
        "bank_list_sha256": bank.list_sha256,
        "temperature": measured.result.options.temperature,
        **asdict(replayed.options),
    }


def _spaces(results: Sequence[MeasuredGradient]) -> Iterator[str]:
    names: dict[str, list[str]] = {}
    for measured in results:
        names.setdefault(measured.result.replayed.space, []).append(measured.name)
    for space, checkpoints in names.items():
        usual = {"projection": "the projection head's output", FUSED: "the fused decoder feature (no head)"}
        embedding = usual.get(space, space)
        yield f"Embedding of {', '.join(checkpoints)}: {embedding}. Anchors: measured pixels with their ground truth."


def _departures(results: Sequence[MeasuredGradient]) -> Iterator[str]:
    """Where the ratio of Eq. 3 is not the law's."""
    for measured, rule, split in _rules(results):
        if split.eq3.departs:
            names = name_list(measured.classes[k] for k in split.eq3.departs)
            yield f"{measured.name}, {rule}: Eq. 3 departs from the law by more than {LAW_TOLERANCE:.0%} for {names}."


def _sweep_departures(results: Sequence[MeasuredGradient]) -> Iterator[str]:
    """The number of points of each sweep at which the ratio departs from the law."""
    for measured in results:
        for mode, points in measured.result.sweep.items():
            for form, label in FORMS.items():
                rates = [getattr(point.result, form).overall for point in points]
                off = [r.rho_f for r in rates if abs(r.departure - 1) > LAW_TOLERANCE]
                defined = sum(not math.isnan(r.departure) for r in rates)
                sweep = f"{measured.name}, {mode}, {label}"
                span = f" (ρ_F {min(off):.3f} to {max(off):.3f})" if off else ""
                yield f"{sweep}: more than {LAW_TOLERANCE:.0%} from the law at {len(off)} of {defined} points{span}."


def result_of(
    methods: Methods,
    rules: Sequence[str] = (),
    temperature: float | None = None,
    anchors: int = GradientOptions.anchors,
) -> Result:
    """The gradient split of every checkpoint against the bank of each rule.

    Raises:
        PixConError: no gradient can be split.
    """
    splits = gradients(methods, replayed_rules(rules), temperature, anchors)
    if not splits:
        raise ConfigError("No bank could be replayed.")
    return gradient_result(splits)


def gradients(
    methods: Methods,
    rules: tuple[str, ...] = (),
    temperature: float | None = None,
    anchors: int = GradientOptions.anchors,
) -> list[MeasuredGradient]:
    """The gradient split of every checkpoint whose bank can be replayed, computed once per study and options."""
    replays = {member.place: replayed for member, replayed in methods.replays()}
    splits = []
    for member, measured in methods.network_passes():
        checkpoint, replayed = member.checkpoint, replays.get(member.place)
        if replayed is None:
            continue
        options = GradientOptions(
            rules=rules or GradientOptions.rules,
            temperature=temperature_of(checkpoint, temperature),
            anchors=anchors,
            seed=methods.options.seed,
        )

        split = partial(_split, methods, member, measured, replayed, options)
        description = f"gradient of {checkpoint.name}"
        gradient = methods.attempt(description, partial(methods.once, ("gradient", member.place, options), split))
        splits += [] if gradient is None else [gradient]
    return splits


def _split(
    methods: Methods, member: Member, measured: MeasuredPass, replayed: ReplayedPass, options: GradientOptions
) -> MeasuredGradient:
    with methods.bar(f"splitting {member.checkpoint.name}'s gradient") as progress:
        return measure_gradient(member.group, member.checkpoint, measured, replayed, options, progress)


def quantities(methods: Methods, group: MeasuredGroup) -> Iterator[Quantity]:
    """‖g_F‖/‖g_T‖ of a confidence bank, named by its space, as ratios in different spaces are not comparable.

    Raises:
        ConfigError: a member's gradient cannot be split.
    """
    methods.require_network(group.name)
    splits = [gradient for gradient in gradients(methods) if gradient.group == group.name]
    spaces = {gradient.result.replayed.space for gradient in splits}
    if len(splits) < len(group.members):
        raise ConfigError(f"the gradient of {group.name} cannot be split for every seed.")
    if len(spaces) != 1:
        return
    (space,) = spaces
    for form, label in (("eq3", "Eq. 3"), ("supcon", "SupCon")):
        rates = [
            getattr(g.result.by_rule["confidence"], form).overall for g in splits if "confidence" in g.result.by_rule
        ]
        if len(rates) == len(splits) and not all(math.isnan(rate.ratio) for rate in rates):
            values = tuple(rate.ratio for rate in rates)
            yield Quantity(f"‖g_F‖/‖g_T‖ of a confidence bank, {label}, {space}", "number", False, values)
