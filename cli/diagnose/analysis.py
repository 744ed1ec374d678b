"""The command of an analysis, built from its row in the registry and a module of specific options, if there is one.

The module of this folder with the name of the analysis may define ``OPTIONS`` (click options), ``EXAMPLES`` (command
lines, the simplest first), ``DETAILS`` (further help), ``FOLDER`` (the default of --out) and ``DEFAULTS`` (for an
argument, another one that supplies its value if it is not given).
"""

from collections.abc import Callable, Iterable
from functools import reduce
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pixcon_cli.console import progress
from pixcon_cli.diagnose.next_command import notify_next
from pixcon_cli.emit import emit, notify
from pixcon_cli.help import PixConCommand
from pixcon_cli.measurement_options import (
    BASELINE,
    CHECKPOINTS,
    CHECKPOINTS_OR_LOGS,
    LOGS,
    NO_PREDICTIONS,
    PREDICTIONS,
    measurement_options,
    output_options,
    study_options,
    style_option,
)

if TYPE_CHECKING:  # --help imports no torch
    from pixcon_diag.analyses.registry import Analysis

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def analysis_command(analysis: "Analysis") -> click.Command:
    """The command of ``analysis``."""
    options_module = _options_module(analysis.name)

    def run(out: Path | None, as_json: bool, style: str | None, **arguments: Any) -> None:
        from pixcon_diag.groups.options import StudyOptions
        from pixcon_diag.study import Study

        for name, other in getattr(options_module, "DEFAULTS", {}).items():
            arguments[name] = arguments[name] or arguments[other]
        methods = _methods(arguments)
        if analysis.needs == "anything":
            methods = _with_logs(methods)
        options = StudyOptions() if analysis.needs == "logs" else study_options(arguments)
        study = Study(**methods, options=options, bar=progress, notify=notify)
        folder = out or getattr(options_module, "FOLDER", None)
        if hasattr(options_module, "FOLDER"):
            arguments["folder"] = folder
        result = analysis.result(study, **arguments)
        for sentence in study.left_out:
            notify(f"left out: {sentence}")
        emit(result, out=folder, as_json=as_json, style=style)
        if not as_json and study.any_run:
            notify_next()

    options = [*_shared(analysis), style_option, *getattr(options_module, "OPTIONS", ())]
    wrapped = reduce(lambda command, option: option(command), reversed(options), run)
    return click.command(
        analysis.name,
        cls=PixConCommand,
        short_help=analysis.summary,
        help="\n\n".join(filter(None, (analysis.question, getattr(options_module, "DETAILS", None)))),
        examples=getattr(options_module, "EXAMPLES", (f"pixcon-diag {analysis.name} none=runs/a clean=runs/b",)),
    )(wrapped)


def _options_module(name: str) -> Any:
    module = f"pixcon_cli.diagnose.{name.replace('-', '_')}"
    return import_module(module) if find_spec(module) else None


def _shared(analysis: "Analysis") -> Iterable[Decorator]:
    """Arguments and options that follow from the needs of the analysis."""
    if analysis.needs == "logs":
        return LOGS, BASELINE, output_options
    if analysis.needs == "stated scores":
        return CHECKPOINTS, output_options
    if analysis.needs == "anything":
        return CHECKPOINTS_OR_LOGS, PREDICTIONS, BASELINE, measurement_options
    predictions = PREDICTIONS if analysis.needs in ("label maps", "confidence") else NO_PREDICTIONS
    return CHECKPOINTS, predictions, BASELINE, measurement_options


def _with_logs(methods: dict[str, Any]) -> dict[str, Any]:
    """The arguments with logs apart from checkpoints; without named logs, those next to the checkpoints are taken."""
    from pixcon_diag.groups.logs import split_logs

    checkpoints, logs = split_logs(methods["methods"])
    return methods | {"methods": checkpoints, "logs": logs or None}


def _methods(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments that name the methods, removed from ``arguments``."""
    named: dict[str, Any] = {
        name: arguments.pop(name) for name in ("methods", "baseline", "predictions", "logs") if name in arguments
    }
    if "logs" in named:
        named["methods"] = named["logs"]  # `power --images` measures the runs whose logs these are
    return named
