"""The command that is most useful after another one, with the same checkpoints and images."""

from collections.abc import Iterator

import click
from click.core import ParameterSource

from pixcon_cli.console import is_first_process, notes, say_command

_REPORT = ("report", "everything on one page")
_NEXT = {
    "gradient": ("coverage", "which classes reach the bank"),
    "coverage": ("gradient", "what false positives of the bank do to the gradient"),
    "estimate": ("tau", "from which threshold on ρ_F is at most α"),
    "tau": ("coverage", "what the bank holds"),
    "boundary": ("qualitative", "the images with the largest errors"),
    "geometry": ("tsne", "the same pixels as a map"),
    "per-class": ("compare", "every other difference, with its uncertainty"),
    "dynamics": ("doctor", "what is wrong, in sentences"),
    "bank-effect": ("power", "how many seeds such a difference needs"),
    "sensitivity": ("dynamics", "the training curves"),
}
"""By command, with what it shows; the report after the others."""
_SHARED = ("taus", "predictions", "baseline")
_HEADINGS = ("Images", "Network", "Boundary band", "Bank")
"""Options that mean the same in every command, by their names or their headings in the help."""


def notify_next() -> None:
    """Print the next command with the arguments of the one that has run, over several lines where one is too narrow.

    A command that asks questions on a sheet comes before the others until it is given the answers.
    """
    context = click.get_current_context()
    name = context.info_name or ""
    following, purpose = _NEXT.get(name, _REPORT)
    if following == "coverage" and context.params.get("predictions"):  # which have no bank
        following, purpose = _REPORT
    extra: tuple[str, ...] = ()
    if "answers" in context.params and not context.params["answers"]:
        following, purpose, extra = name, "what your answers say", ("--answers", "CSV")
    group = context.parent.command if context.parent else None
    command = group.get_command(context, following) if isinstance(group, click.Group) else None
    taken = () if command is None else _taken(context, command)
    if is_first_process():
        say_command(notes(), "Next", ["pixcon-diag", following, *taken, *extra], purpose)


def _taken(context: click.Context, following: click.Command) -> Iterator[str]:
    """The arguments given to the command that has run and known to the following one."""
    known = {parameter.name for parameter in following.params}
    for parameter in context.command.params:
        name = parameter.name or ""
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        if isinstance(parameter, click.Argument):
            yield from context.params[name]
        elif name in known and (name in _SHARED or getattr(parameter, "heading", None) in _HEADINGS):
            value = context.params[name]
            for one in value if parameter.multiple else [value]:
                yield from (parameter.opts[0],) if one is True else (parameter.opts[0], str(one))
