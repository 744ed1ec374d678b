"""``python -m pixcon_train``: the same as ``pixcon-train``."""

from pixcon_cli.train import main

main(prog_name="pixcon-train")
