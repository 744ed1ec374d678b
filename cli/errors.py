"""Messages and exit codes of errors: a user's mistake prints one message; other exceptions keep their traceback.

Exit codes: 1 other expected errors (such as a full disk), 2 usage or configuration, 3 data, 4 checkpoint, 5 training,
129, 130 or 143 stopped by SIGHUP, SIGINT or SIGTERM.
"""

import errno
import os
import sys
from contextlib import suppress
from typing import IO, Any, NoReturn

import click
from rich.text import Text

from pixcon_cli.console import notes, wrapped
from pixcon_cli.interrupts import EXIT_CODE, first_interrupt_raises
from pixcon_cli.streams import shown_output
from pixcon_train.core.errors import PixConError
from pixcon_train.core.exhausted_memory import explain_out_of_memory
from pixcon_train.core.foreign_text import shown_message


class Failure(click.ClickException):
    """A :class:`PixConError` as click prints it: ``Error: message`` on standard error, then its exit code."""

    def __init__(self, error: PixConError) -> None:
        super().__init__(str(error))
        self.exit_code = error.exit_code  # type: ignore[misc]  # declared on the class, read from the instance

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message; on a terminal its first word is red."""
        console = notes()
        text = Text(wrapped(console, f"Error: {shown_message(self.message)}"))
        text.stylize("bold red", 0, len("Error:"))
        console.print(text, soft_wrap=True)


def _end_without_output(reason: str) -> NoReturn:
    with suppress(OSError):  # standard error may be on the same full disk
        click.echo(f"Error: Could not write to standard output: {reason}.", err=True)
    raise SystemExit(PixConError.exit_code)


class PixConGroup(click.Group):
    """A command group that turns a user's mistake into a message; its output holds no commands to the terminal."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the group as a program; a failure to write output gives one message."""
        if sys.stdout is None:  # closed; the next opened file would replace it
            _end_without_output("it is closed")
        with shown_output():
            try:
                try:
                    return super().main(*args, **kwargs)
                finally:
                    sys.stdout.flush()
            except OSError as error:
                if error.filename is not None or error.errno not in (
                    errno.ENOSPC,
                    errno.EDQUOT,
                    errno.EFBIG,
                    errno.EIO,
                ):
                    raise
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # no second attempt at exit
                _end_without_output(error.strerror or str(error))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command.

        Raises:
            Failure: the command raised a :class:`PixConError`, or its memory is exhausted. Other exceptions pass
                unchanged.
            Exit: the command was interrupted from the keyboard.
        """
        with first_interrupt_raises():
            try:
                with explain_out_of_memory(_lower_memory):
                    return super().invoke(ctx)
            except PixConError as error:
                raise Failure(error) from error
            except KeyboardInterrupt:
                click.echo("Stopped; no file is incomplete.", err=True)
                raise click.exceptions.Exit(EXIT_CODE) from None


def _lower_memory() -> str:
    return "No file is incomplete. End other programs, or give the command fewer checkpoints or images at a time."
