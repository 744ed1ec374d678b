"""Help pages: the command's specific options first, then shared options under headings, then examples."""

from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

_VALUES = (
    (click.IntRange, "N"),
    (type(click.INT), "N"),
    (click.FloatRange, "X"),
    (type(click.FLOAT), "X"),
    (click.Path, "PATH"),
)
"""Placeholder of an option's value by its type; click's default is "INTEGER RANGE"."""


DEFAULT_HEADING = "Options"
_ORDER = (
    DEFAULT_HEADING,
    *("Recipe", "Method", "Boundary band", "Bank"),
    *("Images", "Model", "Network", "Schedule", "Machine", "Executor", "Output"),
)
"""Headings, the most specific first."""


class PixConCommand(click.Command):
    """A command with grouped options and examples.

    Args:
        examples: command lines, the simplest first.
    """

    def __init__(self, *arguments: Any, examples: Iterable[str] = (), **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.examples = tuple(examples)
        for parameter in self.params:
            if isinstance(parameter, click.Option) and parameter.metavar is None and not parameter.is_flag:
                parameter.metavar = next((word for kind, word in _VALUES if isinstance(parameter.type, kind)), None)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The specific options, then each group of shared ones under its heading."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record is not None:
                groups.setdefault(getattr(parameter, "heading", DEFAULT_HEADING), []).append(record)
        for heading in sorted(groups, key=_ORDER.index):
            with formatter.section(heading):
                formatter.write_dl(groups[heading])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The examples, one per line."""
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write(f"{'':{formatter.current_indent}}{example}\n")


def options_under(heading: str, options: Iterable[Decorator]) -> Decorator:
    """Shared options, in order, under a heading of the help."""

    def decorated(command: Callable[..., Any]) -> Callable[..., Any]:
        return reduce(lambda wrapped, option: _headed(option(wrapped), heading), reversed(list(options)), command)

    return decorated


def _headed(command: Callable[..., Any], heading: str) -> Callable[..., Any]:
    """Put the last parameter of ``command`` under ``heading``."""
    command.__click_params__[-1].heading = heading  # type: ignore[attr-defined]  # click's attribute
    return command
