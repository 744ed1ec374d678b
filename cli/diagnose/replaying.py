"""What the commands about the bank share: its options, and the replay itself."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pixcon_cli.console import progress
from pixcon_cli.diagnose.deliver import say
from pixcon_cli.help import options_under
from pixcon_cli.measurement_options import MeasurementOptions
from pixcon_train.method.admission import REPLAYED, rules_with_tau

if TYPE_CHECKING:  # --help must not load torch
    from pixcon_diag.cache.replay import ReplayedPass
    from pixcon_diag.checkpoints.loading import LoadedCheckpoint

_REPLAY = [
    click.option(
        "--rule",
        "rules",
        type=click.Choice(REPLAYED),
        multiple=True,
        help="Admission rule to replay; may be given several times.  [default: all that say something]",
    ),
    click.option(
        "--admission-tau",
        type=click.FloatRange(0, 1),
        help=f"Threshold of {rules_with_tau()}.  [default: the run's, or 0.95]",
    ),
    click.option("--bank-size", type=click.IntRange(min=1), help="Entries a class.  [default: the run's, or 256]"),
    click.option("--cap", type=click.IntRange(min=1), help="Pixels a class and batch.  [default: the run's, or 64]"),
    click.option(
        "--bank-batch", type=click.IntRange(min=1), help="Labeled images a batch.  [default: the run's, or 16]"
    ),
    click.option(
        "--split",
        type=click.Choice(["labeled", "unlabeled"]),
        default="labeled",
        show_default=True,
        help="Which of the run's lists fills the bank; the unlabeled one's masks serve to measure alone.",
    ),
    click.option(
        "--bank-list", type=click.Path(path_type=Path), help="File of `IMAGE MASK` lines that fills the bank instead."
    ),
]


def replay_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the options of a replay."""
    return options_under("Bank", _REPLAY)(command)


def replay_one(
    loaded: "LoadedCheckpoint",
    common: MeasurementOptions,
    *,
    split: Any,
    bank_list: Path | None,
    admission_tau: float | None,
    bank_size: int | None,
    cap: int | None,
    bank_batch: int | None,
) -> "ReplayedPass":
    """One checkpoint's replay, made or found.

    Raises:
        PixConError: it cannot be replayed.
    """
    from dataclasses import replace

    from pixcon_diag.cache.replay import options_of, replay
    from pixcon_diag.data.evaluation_data import choose_data

    data = choose_data(replace(common.data_choice(), list_path=bank_list), loaded, split)
    options = options_of(loaded, tau=admission_tau, size=bank_size, cap=cap, batch_size=bank_batch)
    with progress(f"replaying {loaded.name}'s bank") as bar:
        return replay(loaded, data, options, common.run_choice(), progress=bar, notify=say)
