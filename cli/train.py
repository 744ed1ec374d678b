"""`pixcon-train`: train a checkpoint or a sweep, split a list, export weights, show recipes."""

from pathlib import Path
from typing import Any

import click

from pixcon_cli.console import announce_stop, notes, output, print_file, progress, say
from pixcon_cli.errors import PixConGroup
from pixcon_cli.fork import forecast, fork
from pixcon_cli.help import PixConCommand
from pixcon_cli.launch import launch_command
from pixcon_cli.options import command_line_values, config_options, resolve_arguments
from pixcon_cli.sweep import sweep
from pixcon_train.core.version import VERSION


@click.group(cls=PixConGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(VERSION)
def main() -> None:
    """Train semi-supervised segmentation: UniMatch V2 with or without PixCon's clean-positive bank.

    The shortest run: pixcon-train run --dataset digits --bank clean
    """


@main.command(
    cls=PixConCommand,
    short_help="Train; write checkpoints and a log.",
    examples=(
        "pixcon-train run --dataset digits --bank clean",
        "pixcon-train run --dataset pascal --data-root /data/VOC --labeled labeled.txt --unlabeled unlabeled.txt",
        "pixcon-train run --resume runs/pascal-pixcon-clean-0",
    ),
)
@config_options
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Parent folder.")
@click.option("--name", help="Name of the run's folder.  [default: DATASET-PRESET-BANK-SEED]")
@click.option("--resume", type=click.Path(path_type=Path), help="Resume the run in this folder.")
@click.option("--allow-outside", is_flag=True, help="Let the resumed run name a data root and lists anywhere.")
def run(runs: Path, name: str | None, resume: Path | None, allow_outside: bool, **arguments: Any) -> None:
    """Train, and write latest.pth, best_ema.pth, best_student.pth and log.jsonl to the run's folder."""
    from pixcon_train.core.signals import StopRequest

    console = notes()
    with StopRequest(lambda name: announce_stop(console, name)) as interruption:
        from pixcon_cli.training import TrainingDisplay, show_result
        from pixcon_train.engine.trainer import train
        from pixcon_train.runs.folder import resume_config, run_folder, run_name

        if resume is not None:
            _refuse_beside_resume({"name": name, **arguments})
            changes = command_line_values(arguments)
            config, folder = resume_config(resume, changes, allow_outside=allow_outside), resume
        else:
            config = resolve_arguments(arguments)
            folder = run_folder(runs, run_name(config) if name is None else name)
        with TrainingDisplay(console) as display:
            outcome = train(config, folder, resume=resume is not None, interruption=interruption, observer=display)
    if outcome.is_main:
        show_result(output(), outcome)
    if outcome.signal is not None:
        raise SystemExit(interruption.exit_code)


def _refuse_beside_resume(arguments: dict[str, Any]) -> None:
    """Raise for an option that applies only to a new run."""
    for name, flag in {"preset": "--preset", "recipe": "--recipe", "config_file": "--config", "name": "--name"}.items():
        if arguments[name] is not None:
            raise click.UsageError(f"{flag} applies to a new run; --resume uses the configuration in the run's folder.")


@main.command(
    cls=PixConCommand,
    short_help="Split a list into labeled and unlabeled images.",
    examples=("pixcon-train split train.txt --count 183 --dataset pascal --data-root /data/VOC2012 --out splits/183",),
)
@click.argument("source", metavar="LIST", type=click.Path(path_type=Path))
@click.option("--count", type=int, help="Number of labeled images.")
@click.option("--fraction", type=float, help="Share of labeled images, such as 0.125.")
@click.option("--dataset", required=True, help="Data set whose classes the masks hold, or its YAML file.")
@click.option("--data-root", type=click.Path(path_type=Path), help="Root of the list's paths.")
@click.option("--labels", default="auto", show_default=True, help="How masks hold labels: auto, index, shifted, raw.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path(), help="Folder of the two lists.  [default: here]"
)
def split(source: Path, dataset: str, data_root: Path | None, out: Path, **choice: Any) -> None:
    """Split a LIST of `IMAGE MASK` lines into labeled.txt and unlabeled.txt, every class represented where possible."""
    from pixcon_train.data.sources import open_dataset
    from pixcon_train.data.splitting import split_list

    with progress("reading masks") as callback:
        result = split_list(open_dataset(dataset, data_root), source, **choice, progress=callback)
    for path in result.write(out):
        say(output(), str(path))
    say(output(), result.summary())


@main.command(
    cls=PixConCommand,
    short_help="Write inference weights as safetensors.",
    examples=(
        "pixcon-train export runs/a",
        "pixcon-train export latest.pth --weights student --out a.safetensors",
    ),
)
@click.argument("checkpoint", metavar="CKPT", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="File to write.  [default: next to CKPT, .safetensors]")
@click.option("--weights", type=click.Choice(["ema", "student"]), default="ema", show_default=True)
@click.option("--projection", is_flag=True, help="Keep the projection head, which inference does not need.")
def export(checkpoint: Path, out: Path | None, weights: Any, projection: bool) -> None:
    """Write the inference weights of CKPT as safetensors, described in the file's metadata.

    CKPT is a file, or a run's folder: then its best epoch of the given weights.
    """
    from pixcon_diag.checkpoints.finding import checkpoint_path
    from pixcon_train.core.files import file_stem
    from pixcon_train.runs.export import export_weights

    checkpoint = checkpoint_path(checkpoint, weights)
    stem = file_stem(checkpoint.name).removesuffix(f"_{weights}")
    target = out or checkpoint.with_name(f"{stem}_{weights}.safetensors")
    info = export_weights(checkpoint, target, weights=weights, projection=projection)
    say(
        output(),
        f"{target}: {info['architecture']} {info['size']}, {info['num_classes']} classes, {weights} weights "
        f"of epoch {info['epoch']}",
    )


@main.command()
def presets() -> None:
    """List the presets with their recipes."""
    from pixcon_train.config.resolve import preset_names, read_preset

    for name in preset_names():
        preset = read_preset(name)
        output().print(f"{name}\n  {preset['about']}\n  recipes: {', '.join(preset['recipes'])}", soft_wrap=True)


@main.command(
    "show-config",
    cls=PixConCommand,
    short_help="Print the resolved configuration.",
    examples=("pixcon-train show-config --preset unimatch-v2 --dataset cityscapes",),
)
@config_options
def show_config(**arguments: Any) -> None:
    """Print the resolved configuration as commented YAML that --config reads."""
    from pixcon_train.config.resolve import commented_yaml

    print_file(commented_yaml(resolve_arguments(arguments)))


for command in (sweep, fork, forecast, launch_command):
    main.add_command(command)
