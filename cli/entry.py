"""The installed programs. This module is small, so that Ctrl-C leaves quietly from the first moment on."""

import importlib
import signal

from pixcon_cli.interrupts import leave_on_interrupt
from pixcon_cli.text_metrics import leave_text_metrics_out


def diag() -> None:
    """Run ``pixcon-diag``."""
    _run("pixcon_cli.diag", "pixcon-diag")


def train() -> None:
    """Run ``pixcon-train``."""
    _run("pixcon_cli.train", "pixcon-train")


def _run(module: str, name: str) -> None:
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not where a shell switched it off
        leave_on_interrupt()
    leave_text_metrics_out()
    importlib.import_module(module).main(prog_name=name)
