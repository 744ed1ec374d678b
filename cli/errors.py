"""From errors to messages and exit codes: a user's mistake prints one message; a defect of ours keeps its traceback.

Exit codes: 1 any other known error (a full disk, say), 2 usage or configuration, 3 data, 4 checkpoint, 5 training,
129, 130 or 143 stopped by SIGHUP, SIGINT or SIGTERM.
"""

import signal
from typing import IO, Any

import click

from pixcon_cli.encoding import spell_what_is_missing
from pixcon_train.errors import PixConError


class Failure(click.ClickException):
    """A :class:`PixConError` as click prints it: ``Error: message`` on standard error, then its exit code."""

    def __init__(self, error: PixConError) -> None:
        super().__init__(str(error))
        self.exit_code = error.exit_code  # type: ignore[misc]  # click calls it a class's, and reads the instance's

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it; on a terminal its first word is red."""
        word = click.style("Error:", fg="red", bold=True)
        click.echo(f"{word} {self.format_message()}", file=file, err=True, color=self.show_color)


class PixConGroup(click.Group):
    """A command group that turns a user's mistake into a message, in whatever encoding the console has."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the group as a program."""
        spell_what_is_missing()
        return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command.

        Raises:
            Failure: a :class:`PixConError` came out of the command. Other exceptions pass unchanged.
            Exit: the command was stopped from the keyboard.
        """
        try:
            return super().invoke(ctx)
        except PixConError as error:
            raise Failure(error) from error
        except KeyboardInterrupt:
            click.echo("Stopped; nothing is half written.", err=True)
            raise click.exceptions.Exit(128 + signal.SIGINT) from None
