"""``python -m pixcon_train``: the same as ``pixcon-train``."""

from pixcon_cli.entry import train

train()
