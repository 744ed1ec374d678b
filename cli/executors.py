"""Options of the commands whose work may be done in jobs, and the executor that they describe."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from pixcon_cli.help import options_under

if TYPE_CHECKING:  # --help imports little
    from pixcon_train.jobs.executors import Executor
    from pixcon_train.jobs.slurm import SlurmOptions

_KINDS = {"--jobs": ("local", "slurm"), "--gpus-per-run": ("local", "slurm"), "--runs-per-gpu": ("local", "slurm")}
_SLURM = {"--partition": ("slurm",), "--time": ("slurm",), "--slurm": ("slurm",)}
TIME = "24:00:00"


@dataclass(frozen=True)
class ExecutorChoice:
    """What the options say."""

    executor: Literal["inline", "local", "slurm"]
    jobs: int | None
    gpus_per_run: int | None
    runs_per_gpu: int
    partition: str | None
    time: str
    slurm: tuple[str, ...]

    def start(self, folder: Path, name: str, *, on_cpu: bool) -> "Executor":
        """The executor; ``on_cpu``: the works need no GPU unless the options give them some.

        Raises:
            ConfigError: what it needs is not here, or a value does not fit.
        """
        from pixcon_train.jobs.local import LocalExecutor, places_of
        from pixcon_train.jobs.slurm import SlurmExecutor

        if self.executor == "local":
            gpus = usable_gpus()
            each = (0 if on_cpu or not gpus else 1) if self.gpus_per_run is None else self.gpus_per_run
            places = places_of(gpus, gpus_per_run=each, runs_per_gpu=self.runs_per_gpu, most=self.jobs)
            return LocalExecutor(folder, places, processes=max(1, each))
        return SlurmExecutor(folder, self.slurm_options(name, on_cpu=on_cpu))

    def slurm_options(self, name: str, *, on_cpu: bool) -> "SlurmOptions":
        """What each job asks Slurm for; arguments as of :meth:`start`.

        Raises:
            ConfigError: a value does not fit.
        """
        from pixcon_train.jobs.slurm import SlurmOptions, minutes_of, sbatch_values

        each = (0 if on_cpu else 1) if self.gpus_per_run is None else self.gpus_per_run
        return SlurmOptions(
            minutes_of(self.time),
            each,
            self.runs_per_gpu,
            self.jobs,
            name,
            self.partition,
            sbatch_values(self.slurm),
        )


def executor_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the options, which it receives as one :class:`ExecutorChoice` called ``jobs``."""
    options = [
        click.option(
            "--executor",
            type=click.Choice(["inline", "local", "slurm"]),
            default="inline",
            show_default=True,
            help="Where: in this process one after the other, in processes of this machine, or as jobs of Slurm.",
        ),
        click.option(
            "--jobs", type=click.IntRange(min=1), help="At most so many jobs at a time.  [default: by GPUs or cores]"
        ),
        click.option("--gpus-per-run", type=click.IntRange(min=0), help="GPUs of each.  [default: 1, if any]"),
        click.option("--runs-per-gpu", type=click.IntRange(min=1), help="So many share a GPU.  [default: 1]"),
        click.option("--partition", help="Slurm's partition."),
        click.option("--time", help=f"Time of a Slurm job; more is asked for when it is over.  [default: {TIME}]"),
        click.option("--slurm", multiple=True, metavar="KEY[=VALUE]", help="Any other parameter of sbatch."),
    ]
    return options_under("Executor", options)(command)


def take_choice(arguments: dict[str, Any]) -> ExecutorChoice:
    """The options, taken out of a command's ``arguments``.

    Raises:
        UsageError: an option has no meaning for this executor.
    """
    executor = arguments.pop("executor")
    for flag, kinds in (_KINDS | _SLURM).items():
        if arguments[_name(flag)] not in (None, ()) and executor not in kinds:
            raise click.UsageError(f"{flag} applies to --executor {' and '.join(kinds)}, not to {executor}.")
    values = {_name(flag): arguments.pop(_name(flag)) for flag in (*_KINDS, *_SLURM)}
    if values["runs_per_gpu"] not in (None, 1) and (values["gpus_per_run"] or 0) > 1:
        raise click.UsageError("--runs-per-gpu applies to runs of one GPU, and --gpus-per-run gives them several.")
    values |= {"runs_per_gpu": values["runs_per_gpu"] or 1, "time": values["time"] or TIME}
    return ExecutorChoice(executor, **values)


def _name(flag: str) -> str:
    return flag.removeprefix("--").replace("-", "_")


def usable_gpus() -> Sequence[str]:
    """The GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    import os

    import torch

    count = torch.cuda.device_count()
    named = [part.strip() for part in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if part.strip()]
    return named[:count] if named else [str(number) for number in range(count)]


def typed_command() -> list[str]:
    """The words of the command line that runs, without values that it leaves to their defaults."""
    context = click.get_current_context()
    words = context.command_path.split()
    for parameter in context.command.params:
        name = parameter.name or ""
        value = context.params.get(name)
        if context.get_parameter_source(name) is not click.core.ParameterSource.COMMANDLINE:
            continue
        values = [str(item) for item in (value if isinstance(value, tuple) else [value])]
        if isinstance(parameter, click.Argument):
            words += values
        elif getattr(parameter, "is_flag", False):
            words.append(parameter.opts[0])
        else:
            words += [word for item in values for word in (parameter.opts[0], item)]
    return words
