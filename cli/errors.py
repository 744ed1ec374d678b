"""From errors to messages and exit codes: a user's mistake prints one message; a defect of ours keeps its traceback.

Exit codes: 1 any other known error (a full disk, say), 2 usage or configuration, 3 data, 4 checkpoint, 5 training,
129, 130 or 143 stopped by SIGHUP, SIGINT or SIGTERM.
"""

import errno
import os
import signal
import sys
from typing import IO, Any, NoReturn

import click

from pixcon_cli.encoding import spell_what_is_missing
from pixcon_train.core.errors import PixConError


class Failure(click.ClickException):
    """A :class:`PixConError` as click prints it: ``Error: message`` on standard error, then its exit code."""

    def __init__(self, error: PixConError) -> None:
        super().__init__(str(error))
        self.exit_code = error.exit_code  # type: ignore[misc]  # click calls it a class's, and reads the instance's

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it; on a terminal its first word is red."""
        word = click.style("Error:", fg="red", bold=True)
        click.echo(f"{word} {self.format_message()}", file=file, err=True, color=self.show_color)


def _end_without_output(reason: str) -> NoReturn:
    click.echo(f"Error: Could not write to standard output: {reason}.", err=True)
    raise SystemExit(PixConError.exit_code)


class PixConGroup(click.Group):
    """A command group that turns a user's mistake into a message, in whatever encoding the console has."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the group as a program; output that cannot be written is one message."""
        spell_what_is_missing()
        if sys.stdout is None:  # closed, and the next file that is opened would take its place
            _end_without_output("it is closed")
        try:
            try:
                return super().main(*args, **kwargs)
            finally:
                sys.stdout.flush()
        except OSError as error:
            if error.filename is not None or error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO):
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left is not tried again at exit
            _end_without_output(error.strerror or str(error))

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
