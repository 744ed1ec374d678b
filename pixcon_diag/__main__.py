"""``python -m pixcon_diag``: the same as ``pixcon-diag``."""

from pixcon_cli.entry import diag

diag()
