"""`pixcon-train launch-command`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from pixcon_cli.console import output, print_whole
from pixcon_cli.executors import typed_command
from pixcon_cli.help import PixConCommand
from pixcon_cli.options import config_options, resolve_arguments
from pixcon_train.core.shell import quoted_line

if TYPE_CHECKING:
    from pixcon_train.config.schema import ScheduleConfig

_OWN = ("--gpus", "--nodes")
_SAVE = 60
"""Seconds before its end at which Slurm asks a job to stop: torchrun allows its processes 30 of them."""
_STOP = (
    "# Processes stop together, within runtime.log_every steps; where these may take 30 s, add "
    "--set runtime.save_every=200, since torchrun waits no longer."
)


@click.command(
    "launch-command",
    cls=PixConCommand,
    short_help="Print the lines that start a run on one or many GPUs.",
    examples=("pixcon-train launch-command --dataset pascal --data-root /data/VOC --batch 16 --gpus 4 --nodes 2",),
)
@config_options
@click.option("--gpus", type=click.IntRange(min=1), default=4, show_default=True, help="GPUs of a machine.")
@click.option("--nodes", type=click.IntRange(min=2), default=2, show_default=True, help="Machines.")
def launch_command(gpus: int, nodes: int, **arguments: Any) -> None:
    """Print how the run with these options is started on one GPU, on all GPUs of a machine, and on several machines.

    The lines are for a shell; nothing is started. The effective batch is the same in all of them.
    """
    schedule = resolve_arguments(arguments).schedule
    run = ["pixcon-train", "run", *_run_options()]
    torchrun = ["torchrun", "--nproc_per_node", str(gpus)]
    single = quoted_line([*torchrun, "--standalone", "--no-python", *run])
    sections = [
        (f"One GPU: {_shares(schedule, 1)}", [f"CUDA_VISIBLE_DEVICES=0 {quoted_line(run)}"]),
        (f"{gpus} GPUs of one machine: {_shares(schedule, gpus)}", [single]),
        (f"{nodes} machines with {gpus} GPUs each: {_shares(schedule, gpus * nodes)}", _by_hand(torchrun, nodes, run)),
        ("The same as a script for sbatch", _script(torchrun, gpus, nodes, run)),
    ]
    for head, lines in sections:
        print_whole(output(), "\n".join((f"# {head}", *lines, "")))


def _run_options() -> list[str]:
    """The options of the run, as they were typed."""
    words = typed_command()[len(click.get_current_context().command_path.split()) :]
    pairs = zip(words[::2], words[1::2], strict=True)  # every option here has a value
    return [word for flag, value in pairs if flag not in _OWN for word in (flag, value)]


def _shares(schedule: "ScheduleConfig", processes: int) -> str:
    """How a step's labeled images are divided among ``processes``."""
    micro = schedule.micro_batch or schedule.batch // processes
    pieces, rest = divmod(schedule.batch, max(1, micro) * processes)
    if rest or not pieces:
        return f"refused, since {schedule.batch} images cannot be divided among {processes}; change --batch"
    return f"{pieces} × {micro} of the step's {schedule.batch} labeled images in each process"


def _by_hand(torchrun: Sequence[str], nodes: int, run: Sequence[str]) -> list[str]:
    """The lines for each machine."""
    together = ["--nnodes", str(nodes), "--rdzv_backend", "c10d", "--rdzv_id", "pixcon"]
    return [
        "# on each machine; HOST is the name of the first one",
        "export NCCL_DEBUG=WARN  # and NCCL_SOCKET_IFNAME=NAME where the machines share several networks",
        f'{quoted_line([*torchrun, *together])} --rdzv_endpoint "$HOST:29500" --no-python {quoted_line(run)}',
    ]


def _script(torchrun: Sequence[str], gpus: int, nodes: int, run: Sequence[str]) -> list[str]:
    """A batch script: the first machine of the allocation is the meeting point."""
    return [
        "#!/bin/bash",
        f"#SBATCH --nodes={nodes} --ntasks-per-node=1 --gpus-per-node={gpus} --signal=TERM@{_SAVE}",
        _STOP,
        "export NCCL_DEBUG=WARN",
        'HOST=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)',
        f"srun {quoted_line([*torchrun, '--nnodes', str(nodes), '--rdzv_backend', 'c10d'])} "
        f'--rdzv_id "$SLURM_JOB_ID" --rdzv_endpoint "$HOST:29500" --no-python {quoted_line(run)}',
    ]
