"""`pixcon-train fork` and `forecast`: a checkpoint continued under several configurations, or what to expect of it."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pixcon_cli.console import output, print_json, progress
from pixcon_cli.executors import executor_options, take_choice
from pixcon_cli.help import PixConCommand
from pixcon_cli.sweep import train_points
from pixcon_cli.tables import show_tables
from pixcon_diag.statistics.spread import Spread, mean, spread
from pixcon_diag.tables.table import Column, Table
from pixcon_train.method.admission import RULES

if TYPE_CHECKING:  # --help imports no torch
    from pixcon_train.engine.forecast import RuleForecast

_PATH = click.Path(path_type=Path)
_RUN = click.argument("run", metavar="RUN", type=_PATH)
_AT = click.option(
    "--at", "epoch", type=click.IntRange(min=1), help="Finished epoch to start from, if RUN is a folder."
)
_OUTSIDE = click.option("--allow-outside", is_flag=True, help="Let RUN name a data root and lists anywhere.")


@click.command(
    cls=PixConCommand,
    short_help="Continue a checkpoint under several configurations.",
    examples=(
        "pixcon-train fork runs/a --at 4 --set bank.rule=none --set bank.rule=clean --seeds 3",
        "pixcon-train fork runs/a/epoch_4.pth --set consistency.tau=0.9 --dry-run",
    ),
)
@_RUN
@_AT
@click.option(
    "--set", "assignments", multiple=True, metavar="KEY=VALUE", help="A value by dotted key; given again, another one."
)
@click.option("--seeds", type=int, default=1, show_default=True, help="Seeds of each: that of RUN and the next ones.")
@click.option("--runs", type=_PATH, default=Path("runs"), show_default=True, help="Parent of the forks' folder.")
@click.option("--name", help="Name of the forks' folder.  [default: NAME-fork-EPOCH, with RUN's name]")
@_OUTSIDE
@click.option("--dry-run", is_flag=True, help="List the forks and their states without training.")
@executor_options
def fork(
    run: Path,
    epoch: int | None,
    assignments: tuple[str, ...],
    seeds: int,
    runs: Path,
    name: str | None,
    allow_outside: bool,
    dry_run: bool,
    **executor: Any,
) -> None:
    """Continue a checkpoint of RUN under every combination of the values of --set, with common random numbers.

    RUN is the folder of a run or one of its checkpoints. Forks of one seed see the same batches, crops and CutMix
    boxes, so that their difference is paired. The folder RUNS/NAME-fork-EPOCH is that of a sweep: the same command
    continues it, and `pixcon-diag compare` compares its methods. It holds forks of one checkpoint.
    """
    from pixcon_train.sweeps.forks import fork_sweep, require_same_parent

    choice = take_choice(executor)
    forks = fork_sweep(run, epoch, _grid(assignments), seeds=seeds, name=name, allow_outside=allow_outside)
    require_same_parent(forks, runs)
    train_points(forks, forks.points, runs, choice, dry_run=dry_run)


def _grid(assignments: Sequence[str]) -> dict[str, list[Any]]:
    """The values of each key in the order given."""
    from pixcon_train.config.resolve import parse_assignments

    grid: dict[str, list[Any]] = {}
    for assignment in assignments:
        ((key, value),) = parse_assignments([assignment]).items()
        grid.setdefault(key, []).append(value)
    return grid


def _refuse_repeated(option: str, names: Sequence[str]) -> None:
    """Require that each name is given once."""
    repeated = next((name for position, name in enumerate(names) if name in names[:position]), None)
    if repeated is not None:
        raise click.UsageError(
            f"{option} gives {repeated} twice, and a forecast is of one configuration. Give it once."
        )


@click.command(
    cls=PixConCommand,
    short_help="First-order effect of each admission rule at a checkpoint.",
    examples=("pixcon-train forecast runs/a --at 4", "pixcon-train forecast runs/a/epoch_4.pth --rule clean --json"),
)
@_RUN
@_AT
@click.option(
    "--rule",
    "rules",
    multiple=True,
    type=click.Choice([name for name, rule in RULES.items() if rule.pixels]),
    help="Admission rule; may be given several times.  [default: all]",
)
@click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="A value by dotted key.")
@click.option("--batches", type=click.IntRange(min=1), default=16, show_default=True, help="Gradients of each rule.")
@_OUTSIDE
@click.option("--json", "as_json", is_flag=True, help="Print only JSON.")
def forecast(
    run: Path,
    epoch: int | None,
    rules: tuple[str, ...],
    assignments: tuple[str, ...],
    batches: int,
    allow_outside: bool,
    as_json: bool,
) -> None:
    """Compare each admission rule's gradient at a checkpoint of RUN with that of the loss on the validation images.

    Nothing is trained: a bank is filled by each rule at the checkpoint's weights, and the change of the validation
    images' supervised loss that a step along the contrastive gradient makes is given to first order.
    """
    from pixcon_train.sweeps.forks import fork_sweep

    values = _grid(assignments)
    _refuse_repeated("--rule", rules)
    _refuse_repeated("--set", [key for key, given in values.items() for _ in given])
    (point,) = fork_sweep(run, epoch, values, allow_outside=allow_outside).points
    chosen = rules or [name for name, rule in RULES.items() if rule.pixels]
    with progress("gradients") as callback:
        callback(0, len(chosen))  # while the networks and the data are loaded
        from pixcon_train.engine.forecast import forecast as forecast_rules

        found = forecast_rules(point.config, chosen, batches=batches, progress=callback)
    if as_json:
        print_json({"checkpoint": point.config.fork.checkpoint, "rules": [asdict(rule) for rule in found]})
        return

    def over_batches(name: str) -> "Callable[[RuleForecast], Spread]":
        return lambda rule: spread([getattr(batch, name) for batch in rule.batches])

    columns: tuple[Column[RuleForecast], ...] = (
        Column("rule", "rule"),
        Column("fill", "bank filled %", "per_cent"),
        Column("cosine", "cosine", "number", 4, of=over_batches("cosine")),
        Column("change", "Δ loss, plain step", "delta", 6, of=over_batches("change")),
        Column("adam_change", "Δ loss, AdamW", "delta", 6, of=over_batches("adam_change")),
    )
    ordered = sorted(found, key=lambda rule: mean([batch.adam_change for batch in rule.batches]))
    title = f"Forecast at {point.config.fork.checkpoint}"
    show_tables(output(), [Table.of("forecast", title, ordered, columns, _NOTES)])


_NOTES = (
    "cosine: of the gradients of L_pix and of the supervised loss of the validation images; above 0 a step lowers that "
    "loss. Δ loss: its change by one step of λ_pix·L_pix alone, to first order, for a plain gradient step and for "
    "AdamW's; below 0 is better, and the best rule is first. Mean ± standard deviation over batches.",
    "A first-order effect at one checkpoint: it says nothing of later steps, and L_pix also changes what the other "
    "losses do.",
)
