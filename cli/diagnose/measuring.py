"""From what was named on the command line to measured checkpoints, shared by every command that needs predictions."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pixcon_cli.console import progress
from pixcon_cli.diagnose.deliver import say
from pixcon_cli.measurement_options import MeasurementOptions

if TYPE_CHECKING:  # --help must not load torch
    from pixcon_diag.checkpoints.loading import LoadedCheckpoint
    from pixcon_diag.data.evaluation_data import EvaluationData
    from pixcon_diag.groups.arguments import Group
    from pixcon_diag.passes.measured import MeasuredGroup, MeasuredPass, SavedPredictions

CHECKPOINTS = click.argument("checkpoints", nargs=-1, metavar="[CKPT...]")
"""Files, run folders, folders of runs, hf:// addresses, or name=path[,path...]; none: the runs under ./runs."""

PREDICTIONS = click.option(
    "--predictions",
    multiple=True,
    metavar="[NAME=]FOLDER",
    help="Saved label maps of any framework, one PNG of class indices an image; may be given several times.",
)


def _no_predictions(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> None:
    """Raise where saved predictions are given to a command that needs more than they hold."""
    if value:
        raise click.UsageError(
            f"`{context.info_name}` cannot take --predictions: saved label maps hold no confidence and no feature. "
            "`boundary`, `per-class`, `qualitative` and `compare` measure them. For confidences of another framework "
            "use pixcon_diag.measures.contamination.Contamination from Python (docs/python.md)."
        )


NO_PREDICTIONS = click.option(
    "--predictions", multiple=True, hidden=True, expose_value=False, callback=_no_predictions, help="Refused by name."
)

BASELINE = click.option("--baseline", metavar="NAME", help="Group the others are compared with.  [default: the first]")

T = TypeVar("T")
Loaded = tuple["LoadedCheckpoint", "EvaluationData"]


def load_groups(checkpoints: Sequence[str], common: MeasurementOptions) -> list[tuple["Group", list[Loaded]]]:
    """Load every checkpoint and choose its data, telling what was found, before the first hour of computing is spent.

    Raises:
        PixConError: a checkpoint or its data cannot be used, or not with one another.
    """
    from pixcon_diag.checkpoints.loading import load
    from pixcon_diag.data.evaluation_data import check_choice
    from pixcon_diag.groups.arguments import find_groups, named

    groups = find_groups(checkpoints, weights=common.weights)
    if not checkpoints:
        say("no checkpoint named; taking ./runs: " + "; ".join(f"{g.name} = {', '.join(g.sources)}" for g in groups))
    for source in (each for group in groups for each in group.sources):
        check_choice(common.data_choice(), source)
    loaded = named([(group, [load(each, weights=common.weights) for each in group.sources]) for group in groups])
    for group, members in zip(groups, loaded, strict=True):
        _different_seeds(group.name, members)
    return [
        (group, [_with_data(each, common) for each in members]) for group, members in zip(groups, loaded, strict=True)
    ]


def _different_seeds(group: str, members: "Sequence[LoadedCheckpoint]") -> None:
    """Raise where two seeds are one: their spread would be nothing, and a test over seeds would count them twice.

    Raises:
        ConfigError: two members have the same weights of equal files.
    """
    from pixcon_train.core.errors import ConfigError

    seen: dict[tuple[str, str], str] = {}
    for info in (each.info for each in members):
        key = info.sha256, info.weights
        if key in seen:
            raise ConfigError(
                f"The group '{group}' has the same weights twice: {seen[key]} and {info.source} have equal content. "
                "Seeds are different runs: name each run once."
            )
        seen[key] = info.source


def _with_data(loaded: "LoadedCheckpoint", common: MeasurementOptions) -> Loaded:
    """A checkpoint and its data, told in one line."""
    from pixcon_diag.data.evaluation_data import choose_data
    from pixcon_diag.passes.options import pass_options

    data = choose_data(common.data_choice(), loaded)
    say("; ".join((*loaded.describe(), *([f"note: {data.note}"] if data.note else []))))
    pass_options(loaded, data, common.run_choice())  # raises now what would be raised when its turn comes
    return loaded, data


def measure_one(
    loaded: "LoadedCheckpoint", data: "EvaluationData", common: MeasurementOptions, **options: Any
) -> "MeasuredPass":
    """One checkpoint's pass, made or found.

    Raises:
        PixConError: it cannot be measured.
    """
    from pixcon_diag.cache.measure import measure
    from pixcon_diag.passes.options import MeasureOptions

    with progress(f"measuring {loaded.name}") as bar:
        return measure(loaded, data, MeasureOptions(**options), common.run_choice(), progress=bar, notify=say)


def measure_groups(
    checkpoints: Sequence[str],
    common: MeasurementOptions,
    *,
    predictions: Sequence[str] = (),
    compared: bool = False,
    **options: Any,
) -> tuple["MeasuredGroup", ...]:
    """All groups, measured; saved predictions after them, each a group of its own.

    Args:
        compared: with one another, which needs one list of images.

    Raises:
        PixConError: something cannot be measured, or not compared.
    """
    from pixcon_diag.passes.measured import MeasuredGroup
    from pixcon_train.core.errors import ConfigError

    loaded = load_groups(checkpoints, common) if checkpoints or not predictions else []
    for together in [loaded] if compared else [[each] for each in loaded]:  # a group's seeds always are
        one_list(together)
    measured = [
        MeasuredGroup(group.name, tuple(measure_one(*each, common, **options) for each in members))
        for group, members in loaded
    ]
    data = loaded[0][1][0][1] if loaded else None
    measured += [MeasuredGroup(each.name, (each,)) for each in _saved(predictions, common, data)]
    names = [group.name for group in measured]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled is not None:
        raise ConfigError(f"Two groups are called '{doubled}'. Give the predictions another name: NAME=FOLDER.")
    return tuple(measured)


def _saved(
    predictions: Sequence[str], common: MeasurementOptions, data: "EvaluationData | None"
) -> "list[SavedPredictions]":
    """Saved predictions, on the images of the checkpoints beside them or those that the options name."""
    from pixcon_diag.data.evaluation_data import choose_data
    from pixcon_diag.groups.arguments import split_name
    from pixcon_diag.passes.measured import measure_predictions

    measured = []
    for argument in predictions:
        name, folder = split_name(argument)
        data = data or choose_data(common.data_choice())
        with progress(f"reading {folder}") as bar:
            measured.append(measure_predictions(Path(folder), data, name=name, progress=bar, notify=say))
    return measured


def one_list(groups: Sequence[tuple["Group", list[Loaded]]]) -> None:
    """Make sure that all are measured on the same images with the same classes, before the first one is.

    Raises:
        ConfigError: they are not.
    """
    from pixcon_diag.data.comparable import label_difference
    from pixcon_train.core.errors import ConfigError

    every = [each for _, members in groups for each in members]
    lists: dict[tuple[str, str, str], str] = {}
    for loaded, data in every:
        info = data.info()
        lists.setdefault(info.same_images, f"{loaded.name} on {info.list_name} in {info.root} ({info.dataset})")
    if len(lists) > 1:
        raise ConfigError(
            f"These would be measured on different images: {'; '.join(lists.values())}. A comparison, and a mean over "
            "seeds, needs one list: name checkpoints of one data set, or give --dataset, --data-root and --list."
        )
    for loaded, data in every[1:]:
        difference = label_difference(every[0][1], data)
        if difference is not None:
            raise ConfigError(
                f"{every[0][0].name} and {loaded.name} do not agree on the labels of {data.spec.name}: {difference}. A "
                "comparison, and a mean over seeds, needs the same classes in the same order, and the same void, "
                "background and form of the masks. Name checkpoints trained on the same labels; if only a checkpoint's "
                "description is wrong, give the right one with --dataset."
            )


def baseline_first(
    groups: Sequence[T], baseline: str | None, name: Callable[[T], str] = attrgetter("name")
) -> tuple[T, ...]:
    """The groups with the one called ``baseline`` first.

    Raises:
        ConfigError: none is called so.
    """
    from pixcon_train.core.errors import ConfigError

    names = [name(group) for group in groups]
    if baseline is not None and baseline not in names:
        raise ConfigError(f"No group is called '{baseline}'. There are: {', '.join(names)}.")
    return tuple(sorted(groups, key=lambda group: baseline is not None and name(group) != baseline))
