"""The options that every measuring command takes, with one meaning."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from pixcon_cli.help import Decorator, options_under

if TYPE_CHECKING:  # --help must not load torch
    from pixcon_diag.data.evaluation_data import DataChoice
    from pixcon_diag.passes.options import RunChoice

_PATH = click.Path(path_type=Path)

_DATA = [
    click.option(
        "--dataset", metavar="NAME", help="Built-in data set, or a data set's YAML file.  [default: the checkpoint's]"
    ),
    click.option("--data-root", type=_PATH, help="Folder the list's paths start from (or PIXCON_DATA_ROOT)."),
    click.option("--list", "list_path", type=_PATH, help="File of `IMAGE MASK` lines.  [default: the validation list]"),
    click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N images."),
    click.option(
        "--labels",
        type=click.Choice(["auto", "shifted", "raw"]),
        default="auto",
        show_default=True,
        help="How ADE20K's masks hold labels: raw is the official 0..150.",
    ),
]

_RUN = [
    click.option(
        "--weights",
        type=click.Choice(["ema", "student"]),
        help="Which network.  [default: ema, or the only one in the file]",
    ),
    click.option(
        "--protocol",
        type=click.Choice(["unimatch-v2", "pixcon"]),
        help="Resize to a multiple of 14, or pad.  [default: what belongs to the architecture]",
    ),
    click.option(
        "--window",
        type=click.IntRange(min=0),
        metavar="N",
        help="Sliding windows of N pixels; 0 for whole images.  [default: as the data set and the training crop say]",
    ),
    click.option("--device", metavar="NAME", help="auto, cpu, cuda, cuda:1, mps.  [default: auto]"),
    click.option(
        "--batch-size", type=click.IntRange(min=1), metavar="N", help="Images at once.  [default: 4, or 1 with windows]"
    ),
    click.option(
        "--workers", type=click.IntRange(min=0), metavar="N", help="Processes that read images.  [default: cores − 1]"
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
        help="What void is to the boundary band: a label, nothing, or the nearest label.",
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

_OUTPUT = [
    click.option("--out", type=_PATH, help="Folder for JSON, CSV and figures (PNG, PDF)."),
    click.option("--json", "as_json", is_flag=True, help="Print JSON alone on standard output."),
]


_DATA_OPTIONS = options_under("Images", _DATA)
_RUN_OPTIONS = options_under("Network", _RUN)
_OUTPUT_OPTIONS = options_under("Output", _OUTPUT)


@dataclass(frozen=True)
class MeasurementOptions:
    """What the user said; None leaves it to the checkpoint, the data set or the machine."""

    dataset: str | None = None
    data_root: Path | None = None
    list_path: Path | None = None
    limit: int | None = None
    labels: str = "auto"
    weights: Literal["ema", "student"] | None = None
    protocol: Literal["unimatch-v2", "pixcon"] | None = None
    window: int | None = None
    device: str | None = None
    batch_size: int | None = None
    workers: int | None = None
    out: Path | None = None
    as_json: bool = False

    def data_choice(self) -> "DataChoice":
        """The part that says which images."""
        from pixcon_diag.data.evaluation_data import DataChoice

        return DataChoice(self.dataset, self.data_root, self.list_path, self.limit, self.labels)

    def run_choice(self) -> "RunChoice":
        """The part that says how the network is run."""
        from pixcon_diag.passes.options import RunChoice

        return RunChoice(self.protocol, self.device, self.batch_size, self.workers, self.window)


def measurement_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the options of a measurement; it receives them as ``common``."""
    return _gathered(command, _DATA_OPTIONS, _RUN_OPTIONS, _OUTPUT_OPTIONS)


def data_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """As :func:`measurement_options`, for a command that runs no network."""
    return _gathered(command, _DATA_OPTIONS, _OUTPUT_OPTIONS)


def band_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the options of the boundary band: ``widths``, ``distance`` and ``void_mode``."""
    return options_under("Boundary band", _BAND)(command)


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the options of output alone: ``out`` and ``as_json``."""
    return _OUTPUT_OPTIONS(command)


def _gathered(command: Callable[..., Any], *groups: Decorator) -> Callable[..., Any]:
    names = {field.name for field in fields(MeasurementOptions)}

    @functools.wraps(command)
    def gathered(**arguments: Any) -> Any:
        common = {name: arguments.pop(name) for name in names & arguments.keys()}
        return command(common=MeasurementOptions(**common), **arguments)

    result: Callable[..., Any] = gathered
    for group in reversed(groups):
        result = group(result)
    return result
