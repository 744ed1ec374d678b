"""Options shared by the measuring commands."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pixcon_cli.console import ask_for_details
from pixcon_cli.help import options_under
from pixcon_train.method.admission import REPLAYED, rules_with_tau
from pixcon_train.models.recipes import RECIPES

if TYPE_CHECKING:  # --help imports no torch
    from pixcon_diag.data.evaluation_data import DataChoice
    from pixcon_diag.groups.options import StudyOptions

_PATH = click.Path(path_type=Path)

_DATA = [
    click.option(
        "--dataset", metavar="NAME", help="Built-in data set, or a data set's YAML file.  [default: the checkpoint's]"
    ),
    click.option("--data-root", type=_PATH, help="Root of the list's paths (or PIXCON_DATA_ROOT)."),
    click.option("--list", "list_path", type=_PATH, help="File of `IMAGE MASK` lines.  [default: the validation list]"),
    click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N images."),
    click.option(
        "--labels",
        type=click.Choice(["auto", "shifted", "raw"]),
        default="auto",
        show_default=True,
        help="How ADE20K's masks hold labels: raw is the official 0..150.",
    ),
    click.option(
        "--allow-outside",
        is_flag=True,
        help="Let a checkpoint name images anywhere.  [default: under a data root that you have named]",
    ),
]

ALLOW_LEGACY = click.option(
    "--allow-legacy",
    is_flag=True,
    help="Read files in torch's format from before 1.6, which has no checksums.",
)
"""``allow_legacy``, of a command that reads checkpoints."""

_RUN = [
    click.option(
        "--weights",
        type=click.Choice(["ema", "student"]),
        help="Network to measure.  [default: ema, or the only one in the file]",
    ),
    ALLOW_LEGACY,
    click.option(
        "--model",
        metavar="SPEC",
        help="Network of the weights: PACKAGE.MODULE:FACTORY, FILE.py:FACTORY, hf:, smp: or torchvision:NAME.",
    ),
    click.option(
        "--feature",
        metavar="NAME",
        help="Submodule whose output feeds the classifier.  [default: found, of networks of --model]",
    ),
    click.option(
        "--class-order",
        type=click.Choice(["names", "network"]),
        default="names",
        show_default=True,
        help="Match the classes of --model's networks by name, or take their order.",
    ),
    click.option(
        "--recipe",
        type=click.Choice([*RECIPES]),
        help="Strides and dilations of a ResNet.  [default: those of the release that the file is of]",
    ),
    click.option(
        "--protocol",
        type=click.Choice(["unimatch-v2", "pixcon", "native"]),
        help="Resize images to a multiple of 14, pad them, or neither.  [default: that of the architecture]",
    ),
    click.option(
        "--window",
        type=click.IntRange(min=0),
        metavar="N",
        help="Sliding windows of N pixels; 0 for whole images.  [default: by data set and training crop]",
    ),
    click.option("--device", metavar="NAME", help="auto, cpu, cuda, cuda:1, mps.  [default: auto]"),
    click.option(
        "--batch-size",
        type=click.IntRange(min=1),
        metavar="N",
        help="Images per batch.  [default: 4; 1 with windows]",
    ),
    click.option(
        "--workers", type=click.IntRange(min=0), metavar="N", help="Processes that load images.  [default: cores − 1]"
    ),
]

_BAND = [
    click.option(
        "--width",
        "widths",
        type=click.IntRange(min=1),
        multiple=True,
        default=(1, 3, 5),
        show_default=True,
        help="Width of the boundary band in pixels; may be given several times.",
    ),
    click.option(
        "--distance",
        type=click.Choice(["chessboard", "euclidean"]),
        default="chessboard",
        show_default=True,
        help="How the band's width is measured.",
    ),
    click.option(
        "--void",
        "void_mode",
        type=click.Choice(["label", "ignore", "nearest"]),
        default="label",
        show_default=True,
        help="Treatment of void by the boundary band: as a label, ignored, or as the nearest label.",
    ),
]

TAUS = click.option(
    "--tau",
    "taus",
    type=click.FloatRange(0, 1),
    multiple=True,
    default=(0.95,),
    show_default=True,
    help="Confidence threshold; may be given several times.",
)
"""``taus``, the thresholds of a measurement."""

AUDIT = click.option(
    "--audit",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Predict and count N random images again by plain loops, and compare.  [default: 0]",
)
"""``audit``, how many images of each pass are counted again."""

BANK_LIST = click.option("--bank-list", type=_PATH, help="File of `IMAGE MASK` lines that fills the bank.")

_REPLAY = [
    click.option(
        "--rule",
        "rules",
        type=click.Choice(REPLAYED),
        multiple=True,
        help="Admission rule to replay; may be given several times.  [default: all that can be replayed]",
    ),
    click.option(
        "--admission-tau",
        type=click.FloatRange(0, 1),
        help=f"Threshold of {rules_with_tau()}.  [default: the run's, or 0.95]",
    ),
    click.option("--bank-size", type=click.IntRange(min=1), help="Entries per class.  [default: the run's, or 256]"),
    click.option("--cap", type=click.IntRange(min=1), help="Pixels per class and batch.  [default: the run's, or 64]"),
    click.option(
        "--bank-batch", type=click.IntRange(min=1), help="Labeled images per batch.  [default: the run's, or 16]"
    ),
    click.option(
        "--split",
        type=click.Choice(["labeled", "unlabeled"]),
        default="labeled",
        show_default=True,
        help="Which of the run's lists fills the bank; masks of the unlabeled list are used only for measuring.",
    ),
    BANK_LIST,
]

_OUTPUT = [
    click.option("--out", type=_PATH, help="Folder for JSON, CSV, LaTeX and figures (PNG, PDF, SVG)."),
    click.option("--json", "as_json", is_flag=True, help="Print only JSON on standard output."),
    click.option(
        "-v",
        "--verbose",
        is_flag=True,
        expose_value=False,
        callback=ask_for_details,
        help="Also print each checkpoint's description, and which cached pass is reused.",
    ),
]


def _known_style(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Refuse an unknown style before anything is measured."""
    if value is not None:
        from pixcon_figures.style import known_style

        known_style(value)
    return value


style_option = options_under(
    "Output",
    [
        click.option(
            "--style",
            metavar="NAME",
            callback=_known_style,
            help="Style of the figures: one of matplotlib, or an .mplstyle file.  [default: the project's]",
        )
    ],
)
"""``style``, of a command that draws figures."""


_DATA_OPTIONS = options_under("Images", _DATA)
_RUN_OPTIONS = options_under("Network", _RUN)
_OUTPUT_OPTIONS = options_under("Output", _OUTPUT)


LOG = """LOG is a run's folder, a folder of runs or of logs, log.jsonl, TensorBoard files, a text log of another
trainer, a CSV file or W&B's exported history (docs/dynamics.md), or a group of seeds: name=path,path. Without one, the
runs under ./runs are taken."""

CHECKPOINTS = click.argument("methods", nargs=-1, metavar="[CKPT...]")
"""Files, run folders, folders of runs, hf:// addresses, or name=path[,path...]; none: the runs under ./runs."""

LOGS = click.argument("logs", nargs=-1, metavar="[LOG...]")
"""Run folders, folders of runs or logs, log.jsonl, TensorBoard files, text logs of others, name=path[,path...]."""

CHECKPOINTS_OR_LOGS = click.argument("methods", nargs=-1, metavar="[CKPT|LOG...]")
"""What :data:`CHECKPOINTS` and :data:`LOGS` take."""

PREDICTIONS = click.option(
    "--predictions",
    multiple=True,
    metavar="[NAME=]FOLDER",
    help="Predictions saved by any framework: a PNG of class indices per image, with or without one of the confidence, "
    "or an array of probabilities or logits; may be given several times.",
)


def _no_predictions(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> None:
    """Raise if saved predictions are given to a command that needs features."""
    if value:
        raise click.UsageError(
            f"`{context.info_name}` cannot take --predictions: saved maps have no features and no network. "
            "`boundary`, `per-class`, `qualitative`, `compare`, `duel`, `doctor` and `report` measure them, and with a "
            "confidence also `contamination`, `tau`, `estimate`, `audit-labels` and `measure` (docs/saved-maps.md)."
        )


NO_PREDICTIONS = click.option(
    "--predictions", multiple=True, hidden=True, expose_value=False, callback=_no_predictions, help="Refused by name."
)

BASELINE = click.option("--baseline", metavar="NAME", help="Group the others are compared with.  [default: the first]")


def measurement_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the options of a measurement: images, network and output."""
    return _DATA_OPTIONS(_RUN_OPTIONS(_OUTPUT_OPTIONS(command)))


def network_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """As :func:`measurement_options`, for a command that measures nothing."""
    return _DATA_OPTIONS(_RUN_OPTIONS(command))


def data_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """As :func:`measurement_options`, for a command that runs no network."""
    return _DATA_OPTIONS(_OUTPUT_OPTIONS(command))


def band_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the options of the boundary band: ``widths``, ``distance`` and ``void_mode``."""
    return options_under("Boundary band", _BAND)(command)


def bank_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the options of a replayed bank."""
    return options_under("Bank", _REPLAY)(command)


def seed_option(purpose: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """``seed``, of the random choices named."""
    return click.option("--seed", type=int, default=0, show_default=True, help=f"Of {purpose}.")


ANSWERS = click.option(
    "--answers",
    type=_PATH,
    multiple=True,
    metavar="CSV",
    help="Answers that a sheet saved; several files if several sheets continue one another.",
)
"""``answers``, the labels given by hand."""


def weights_option(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """``weights``, the network whose values of a log are read."""
    default = "[default: ema, or student if only that is in every log]"
    return click.option("--weights", type=click.Choice(["ema", "student"]), help=f"{text}  {default}")


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` only the options of output: ``out`` and ``as_json``."""
    return _OUTPUT_OPTIONS(command)


def study_options(arguments: dict[str, Any]) -> "StudyOptions":
    """The options of a study, removed from a command's arguments; specific options of the command remain."""
    from pixcon_diag.groups.options import BankOptions, StudyOptions
    from pixcon_diag.passes.options import BandOptions, RunChoice

    values = _take(arguments, "weights", "allow_legacy", "recipe", "model", "feature", "class_order", "seed", "audit")
    if "taus" in arguments:
        values["taus"] = tuple(dict.fromkeys(arguments.pop("taus")))
    bank = _take(arguments, "split", **_BANK)
    return StudyOptions(
        data=data_choice(arguments),
        run=RunChoice(**_take(arguments, *(field.name for field in fields(RunChoice)))),
        band=BandOptions(**_take(arguments, *(field.name for field in fields(BandOptions)))),
        bank=BankOptions(**bank),
        **values,
    )


def data_choice(arguments: dict[str, Any]) -> "DataChoice":
    """The choice of images, removed from a command's arguments."""
    from pixcon_diag.data.evaluation_data import DataChoice

    return DataChoice(**_take(arguments, "dataset", "list_path", "limit", "labels", "allow_outside", root="data_root"))


_BANK = {
    "list_path": "bank_list",
    "tau": "admission_tau",
    "size": "bank_size",
    "cap": "cap",
    "batch_size": "bank_batch",
}
"""Fields of :class:`BankOptions` by the arguments that set them."""


def _take(arguments: dict[str, Any], *names: str, **renamed: str) -> dict[str, Any]:
    """The named entries, removed from ``arguments``; ``renamed`` gives the argument of a field."""
    pairs = {**{name: name for name in names}, **renamed}
    return {field: arguments.pop(name) for field, name in pairs.items() if name in arguments}
